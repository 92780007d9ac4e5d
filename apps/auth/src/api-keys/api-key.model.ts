import type { ApiKey } from '@pipedesk/contracts';
import {
  auditedIndexes,
  type AuditedRepository,
  type Connection,
  createAuditedRepository,
  type Migration,
} from '@pipedesk/mongo';
import { createHash } from 'node:crypto';
import type { StoreDeps } from '../store-deps.ts';

const collection = 'api_keys';

/** The key itself is nowhere; its hash is in `api_key_hashes`: what is here goes into events. */
export type ApiKeyRepository = AuditedRepository<ApiKey>;

export function createApiKeyRepository(deps: StoreDeps): ApiKeyRepository {
  return createAuditedRepository<ApiKey>({
    ...deps,
    entityType: 'api_key',
    collection,
    fields: {
      ownerId: { type: String, required: true },
      name: { type: String, required: true },
      prefix: { type: String, required: true },
      permissions: { type: [String], required: true },
      expiresAt: { type: Date, required: true },
    },
  });
}

interface StoredHash {
  /** SHA-256 of the key, base64url: it has 256 random bits, so a plain hash cannot be turned round. */
  _id: string;
  tenantId: string;
  keyId: string;
}

/** Which record a key belongs to. It is found before a tenant is known and names it. */
export interface ApiKeyHashes {
  add(key: string, owner: { tenantId: string; keyId: string }): Promise<void>;
  find(key: string): Promise<{ tenantId: string; keyId: string } | null>;
  remove(owner: { tenantId: string; keyId: string }): Promise<void>;
}

export function createApiKeyHashes(connection: Connection): ApiKeyHashes {
  const hashes = connection.collection<StoredHash>('api_key_hashes');
  return {
    add: async (key, { tenantId, keyId }) => {
      await hashes.insertOne({ _id: hashOf(key), tenantId, keyId });
    },
    find: async (key) => {
      const found = await hashes.findOne({ _id: hashOf(key) });
      return found && { tenantId: found.tenantId, keyId: found.keyId };
    },
    remove: async ({ tenantId, keyId }) => {
      await hashes.deleteMany({ tenantId, keyId });
    },
  };
}

function hashOf(key: string): string {
  return createHash('sha256').update(key).digest('base64url');
}

export const apiKeyMigrations: Migration[] = [
  {
    id: '2026-11-22-api-key-indexes',
    up: async (db) => {
      await db
        .collection(collection)
        .createIndexes([
          ...auditedIndexes,
          { key: { tenantId: 1, ownerId: 1, _id: -1 }, name: 'tenant_owner' },
          { key: { deletedAt: 1 }, name: 'ended' },
        ]);
      await db.collection('api_key_hashes').createIndex({ keyId: 1 }, { name: 'key' });
    },
  },
];
