import type { BulkItem } from '@pipedesk/contracts';
import { type Connection, isDuplicateKey, type Migration } from '@pipedesk/mongo';
import { type TenantContext, unprocessable } from '@pipedesk/service-kit';
import { createHash } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';

/** How far a bulk edit has come, for whoever repeats it with its Idempotency-Key. */
interface StoredEdit {
  _id: string;
  operationId: string;
  fingerprint: string;
  items: BulkItem[];
  createdAt: Date;
}

export interface BulkEdit {
  operationId: string;
  /** What has been settled before. */
  settled: BulkItem[];
  settle(items: BulkItem[]): Promise<void>;
}

export type BulkEdits = ReturnType<typeof createBulkEdits>;

const collectionName = 'bulkedits';

/** The working state of bulk edits; the changes themselves are in the records and in audit. */
export function createBulkEdits(connection: Connection) {
  const edits = connection.collection<StoredEdit>(collectionName);
  return {
    /**
     * Begins an edit, or goes on with the one that this caller began with the same key.
     * @throws ProblemError 422 `idempotency_key_reused` when that was another edit
     */
    begin: async (context: TenantContext, request: unknown, key: string | undefined): Promise<BulkEdit> => {
      const operationId = uuidv7();
      if (key === undefined) return { operationId, settled: [], settle: () => Promise.resolve() };
      const _id = `${context.tenantId}:${context.actor.id}:${key}`;
      const fingerprint = createHash('sha256').update(JSON.stringify(request)).digest('base64url');
      const fresh = { _id, operationId, fingerprint, items: [], createdAt: new Date() };
      await edits.insertOne(fresh).catch((error: unknown) => {
        if (!isDuplicateKey(error)) throw error;
      });
      const edit = (await edits.findOne({ _id })) ?? fresh;
      if (edit.fingerprint !== fingerprint)
        throw unprocessable('idempotency_key_reused', {
          detail: 'This Idempotency-Key was used with another body. Use a new key.',
        });
      return {
        operationId: edit.operationId,
        settled: edit.items,
        settle: async (items) => {
          await edits.updateOne({ _id }, { $push: { items: { $each: items } } });
        },
      };
    },
  };
}

const week = 7 * 24 * 3600;

export const bulkEditMigrations: Migration[] = [
  {
    id: '2026-11-26-bulk-edit-expiry',
    up: (db) =>
      db
        .collection(collectionName)
        .createIndex({ createdAt: 1 }, { name: 'expiry', expireAfterSeconds: week }),
  },
];
