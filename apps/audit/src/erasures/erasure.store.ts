import type { Actor, ChangeContext, ErasureRequest } from '@pipedesk/contracts';
import { type Connection, isDuplicateKey, type Migration } from '@pipedesk/mongo';
import type { KeySecret } from '@pipedesk/service-kit';
import type { AuditLog } from '../audit-logs/audit-log.model.ts';
import { noErasure } from '../seals/format/erasure-check.ts';
import type { ErasureTarget } from './erase-values.ts';

const collection = 'auditerasures';

/** An erasure with how far it has come. */
export interface StoredErasure {
  _id: string;
  tenantId: string;
  reason: string;
  entity: NonNullable<ErasureRequest['entity']> | null;
  texts: number;
  /** Whose values go, encrypted; removed with the last of them, or this would be where they live on. */
  target: string | null;
  actor: Actor;
  context: ChangeContext;
  /** Segments up to here are done. */
  segment: number;
  records: number;
  values: number;
  /** Over what was erased; see the erasure check of the chain. */
  digest: string;
  createdAt: Date;
  /** When the last value went; from here on the result stands. */
  concludedAt: Date | null;
  /** When the result was on record. */
  finishedAt: Date | null;
  idempotency: { key: string; fingerprint: string } | null;
}

export type ErasureProgress = Pick<StoredErasure, 'segment' | 'records' | 'values' | 'digest'>;
export const noProgress: ErasureProgress = { segment: 0, records: 0, values: 0, digest: noErasure };

export type ErasureStore = ReturnType<typeof createErasureStore>;

export function createErasureStore(connection: Connection, secret: KeySecret) {
  const erasures = connection.collection<StoredErasure>(collection);
  const records = connection.collection<AuditLog>('auditrecords');
  return {
    sealTarget: (id: string, target: ErasureTarget): string => secret.seal(JSON.stringify(target), id),
    /** null once everything is erased. */
    targetOf: ({ _id, target }: StoredErasure): ErasureTarget | null =>
      target === null ? null : (JSON.parse(secret.open(target, _id)) as ErasureTarget),
    get: (tenantId: string, id: string) => erasures.findOne({ _id: id, tenantId }),
    byKey: (tenantId: string, key: string) => erasures.findOne({ tenantId, 'idempotency.key': key }),
    /** False when the idempotency key is taken. */
    async add(erasure: StoredErasure): Promise<boolean> {
      try {
        await erasures.insertOne(erasure);
        return true;
      } catch (error) {
        if (isDuplicateKey(error)) return false;
        throw error;
      }
    },
    running: () => erasures.find({ finishedAt: null }).sort({ _id: 1 }).toArray(),
    /** Keeps the progress, unless another process was further already. */
    async advance({ _id, segment }: StoredErasure, progress: ErasureProgress): Promise<boolean> {
      const { matchedCount } = await erasures.updateOne({ _id, segment }, { $set: progress });
      return matchedCount === 1;
    },
    /** Fixes the result. @returns the erasure with it, of whichever process was first */
    async conclude({ _id, segment }: StoredErasure, concludedAt: Date): Promise<StoredErasure | null> {
      await erasures.updateOne({ _id, segment, concludedAt: null }, { $set: { concludedAt, target: null } });
      return erasures.findOne({ _id });
    },
    finish: async (id: string, finishedAt: Date): Promise<void> =>
      void (await erasures.updateOne({ _id: id, finishedAt: null }, { $set: { finishedAt } })),
    /** Puts a record without the erased values in the place of the one that was read. False when that has changed. */
    async replace(old: AuditLog, emptied: AuditLog): Promise<boolean> {
      const values = old.erased ? { $size: old.erased.values.length } : { $exists: false };
      const unchanged = { 'erased.values': values };
      const { matchedCount } = await records.replaceOne({ _id: old._id, ...unchanged }, emptied);
      return matchedCount === 1;
    },
  };
}

export const erasureMigrations: Migration[] = [
  {
    id: '2026-11-22-audit-erasure-indexes',
    up: (db) =>
      db.collection(collection).createIndexes([
        { name: 'unfinished', key: { finishedAt: 1, _id: 1 } },
        {
          name: 'idempotency',
          key: { tenantId: 1, 'idempotency.key': 1 },
          unique: true,
          partialFilterExpression: { 'idempotency.key': { $exists: true } },
        },
      ]),
  },
];
