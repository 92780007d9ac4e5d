import {
  auditedIndexes,
  type AuditedRepository,
  type Connection,
  createAuditedRepository,
  type Migration,
  type Outbox,
  type RecordBase,
} from '@pipedesk/mongo';

const collection = 'auditstreams';

/** A webhook of a tenant as stored. */
export interface StoredStream extends RecordBase {
  name: string;
  url: string;
  batchSize: number;
  status: 'active' | 'paused' | 'disabled';
  /** Encrypted, and by its name never in an event. */
  sealedSecret: string;
}

/** What is sent to: a stream with the tenant that it is of. */
export type TenantStream = Pick<StoredStream, 'id' | 'url' | 'batchSize' | 'sealedSecret'> & {
  tenantId: string;
};

export type StreamRepository = AuditedRepository<StoredStream> & {
  /** Of all tenants. */
  active(): Promise<TenantStream[]>;
};

export function createStreamRepository(deps: { connection: Connection; outbox: Outbox }): StreamRepository {
  const repository = createAuditedRepository<StoredStream>({
    ...deps,
    entityType: 'audit_stream',
    collection,
    fields: {
      name: { type: String, required: true },
      url: { type: String, required: true },
      batchSize: { type: Number, required: true },
      status: { type: String, required: true },
      sealedSecret: { type: String, required: true },
    },
  });
  type Document = Omit<TenantStream, 'id'> & { _id: string; status: string; deletedAt: Date | null };
  const documents = deps.connection.collection<Document>(collection);
  return {
    ...repository,
    active: async () => {
      const found = await documents.find({ status: 'active', deletedAt: null }).toArray();
      return found.map(({ _id, tenantId, url, batchSize, sealedSecret }) => ({
        id: _id,
        tenantId,
        url,
        batchSize,
        sealedSecret,
      }));
    },
  };
}

export const streamMigrations: Migration[] = [
  {
    id: '2026-11-26-audit-stream-indexes',
    up: (db) =>
      db
        .collection(collection)
        .createIndexes([...auditedIndexes, { name: 'status', key: { status: 1, deletedAt: 1 } }]),
  },
];
