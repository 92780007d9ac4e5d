import type { AuditRecord, ChangeEvent } from '@pipedesk/contracts';
import { type Connection, type Migration, readBson } from '@pipedesk/mongo';
import { type Model, type mongo, Schema } from 'mongoose';
import {
  auditLogIndexes,
  conditionsOf,
  createIndexChooser,
  isOneList,
  type EdgeLog,
  edgeOf,
  keyRange,
  type KeyRange,
  orderedIndex,
  type LogFilter,
  type LogRange,
} from './audit-log.query.ts';
import { createNewestSlices } from './newest-slices.ts';
import type { Erased } from '../seals/format/record.ts';

const collection = 'auditrecords';

type Data = ChangeEvent['data'];

/** One captured change as stored, for ever; `_id` is the event's id. */
export interface AuditLog {
  _id: string;
  /** Which discriminator's context the log carries. */
  kind: 'lead' | 'deal' | 'other';
  tenantId: string;
  entityType: AuditRecord['entityType'];
  entityId: string;
  version: number;
  type: string;
  source: string;
  action: Data['action'];
  time: Date;
  receivedAt: Date;
  /** Time and id in one sortable string: every list pages by one range over it. */
  key: string;
  actor: Data['actor'];
  before: Data['before'];
  after: Data['after'];
  changes: Data['changes'];
  context: Data['context'];
  links: Data['links'];
  traceparent?: string;
  /** Changed paths with their parents, for the filter on a field; creations set every field and are left out. */
  fields: string[];
  /** Words of the values that changed, for the search; copies of values, so whoever erases those erases these. */
  words?: string[];
  /** Ids of the records on whose timelines this change stands. */
  places: string[];
  /** Owner and team of the entity at the time; scopes are decided over the latest. */
  ownerId: string | null;
  teamId: string | null;
  /** Tells a harmless repeat of an event from another event under the same id. Gone once values are erased: it would tell them. */
  payloadHash: string | null;
  /** What commitments to the values are salted with, and what was erased; see the leaf of a record. */
  salt?: string;
  erased?: Erased;
  /** Says that the service itself stored the log as it is, until a seal says so. */
  mac?: string;
  lead?: NonNullable<AuditRecord['lead']>;
  deal?: NonNullable<AuditRecord['deal']>;
}

export interface AuditLogModels {
  all: Model<AuditLog>;
  lead: Model<AuditLog>;
  deal: Model<AuditLog>;
}

const text = { type: String, required: true };
const optionalText = { type: String, default: null };
const json = Schema.Types.Mixed;

/** The common log and its two specialised types: what a lead or deal was like at the time. */
export function createAuditLogModels(connection: Connection): AuditLogModels {
  const all = connection.model('AuditLog', commonSchema()) as unknown as Model<AuditLog>;
  const lead = new Schema(
    { lead: { status: text, ownerId: optionalText, source: optionalText, _id: false } },
    { _id: false },
  );
  const deal = new Schema(
    {
      deal: {
        stage: text,
        pipeline: text,
        probability: { type: Number, required: true },
        amount: { type: json, default: null },
      },
    },
    { _id: false },
  );
  return {
    all,
    lead: all.discriminator('LeadAuditLog', lead, 'lead'),
    deal: all.discriminator('DealAuditLog', deal, 'deal'),
  };
}

function commonSchema() {
  const actor = { type: text, id: text, name: { type: String }, role: optionalText };
  return new Schema(
    {
      _id: text,
      tenantId: text,
      entityType: text,
      entityId: text,
      version: { type: Number, required: true },
      type: text,
      source: text,
      action: text,
      time: { type: Date, required: true },
      receivedAt: { type: Date, required: true },
      key: text,
      actor: { type: new Schema(actor, { _id: false }), required: true },
      before: { type: json, default: null },
      after: { type: json, default: null },
      changes: { type: [json], required: true },
      context: {
        ip: optionalText,
        userAgent: optionalText,
        requestId: optionalText,
        apiKeyId: optionalText,
        operationId: optionalText,
        source: text,
        restoredFrom: { type: Number },
        authority: { type: json },
      },
      links: { type: [json], required: true },
      traceparent: String,
      fields: { type: [String], required: true },
      words: { type: [String], default: undefined },
      places: { type: [String], required: true },
      ownerId: optionalText,
      teamId: optionalText,
      payloadHash: { type: String },
      salt: String,
      mac: String,
      erased: json,
    },
    { collection, discriminatorKey: 'kind', strict: 'throw', versionKey: false, minimize: false, id: false },
  );
}

/** What only finding, sealing and de-duplication need: a good part of a record, and of no use to whoever reads it. */
const onlyStored = { words: 0, fields: 0, places: 0, mac: 0, salt: 0, payloadHash: 0 } as const;
export type ReadLog = Omit<AuditLog, keyof typeof onlyStored>;

/** As the database wrote them: a page is mostly the making of its records, which takes the driver twice as long. */
const raw = { raw: true, projection: onlyStored } as const;

const readRaw = async (found: { toArray(): Promise<unknown[]> }) => (await found.toArray()) as Buffer[];

export const readLog = (bytes: Uint8Array): ReadLog => readBson<ReadLog>(bytes);

export type AuditLogRepository = ReturnType<typeof createAuditLogRepository>;

/** Reads of one tenant's logs. Nothing here writes: logs come in by the ingest alone and never change. */
export function createAuditLogRepository({ all }: AuditLogModels) {
  const collection = all.collection as unknown as mongo.Collection<AuditLog>;
  const chooseIndex = createIndexChooser(collection);
  const edge = (tenantId: string, filter: LogFilter, direction: 1 | -1) => {
    const { query, options } = edgeOf(tenantId, filter, direction);
    return collection.findOne<EdgeLog>(query, options);
  };
  const slices = createNewestSlices((tenantId, direction) => edge(tenantId, {}, direction));
  return {
    /** Newest first. */
    async find(
      tenantId: string,
      filter: LogFilter,
      { limit, ...range }: LogRange & { limit: number },
    ): Promise<ReadLog[]> {
      if (isOneList(filter)) slices.prepare(tenantId);
      const { index, sorted } = await chooseIndex(tenantId, filter);
      const newestOf = (key: KeyRange) =>
        readRaw(
          collection
            .find({ ...conditionsOf(filter), tenantId, key }, { ...raw, hint: index })
            .sort({ key: -1 })
            .limit(limit),
        );
      const slice = sorted && (await slices.sliceOf(tenantId, range, { limit, matches: sorted }));
      const newest = slice ? await newestOf(slice) : [];
      const found = newest.length === limit ? newest : await newestOf(keyRange(range));
      return found.map(readLog);
    },
    /**
     * Oldest first, walked in the order of an index: the next piece begins where this one ended. Still to be read by
     * `readLog`, one by one: a piece of a thousand logs is more than what the collector takes for young.
     */
    after: (
      tenantId: string,
      filter: LogFilter,
      { from, to, after, limit }: { from: string; to: string; after?: string; limit: number },
    ): Promise<Buffer[]> => {
      const key = after === undefined ? { $gte: from, $lt: to } : { $gt: after, $lt: to };
      const query = { ...conditionsOf(filter), tenantId, key };
      // One batch: the server's first would have 101 documents, and the rest of a piece a round trip of their own.
      const options = { ...raw, hint: orderedIndex(filter), batchSize: limit + 1 };
      return readRaw(collection.find(query, options).sort({ key: 1 }).limit(limit));
    },
    latest: (tenantId: string, filter: LogFilter): Promise<EdgeLog | null> => edge(tenantId, filter, -1),
    earliest: (tenantId: string, filter: LogFilter): Promise<EdgeLog | null> => edge(tenantId, filter, 1),
    get: (tenantId: string, id: string): Promise<AuditLog | null> =>
      all.findOne({ _id: id, tenantId }).lean<AuditLog>(),
  };
}

export const auditLogMigrations: Migration[] = [
  {
    id: '2026-11-22-audit-record-indexes',
    up: (db) => db.collection(collection).createIndexes(auditLogIndexes),
  },
  {
    id: '2026-11-22-audit-record-words',
    up: (db) => db.collection(collection).createIndexes(auditLogIndexes),
  },
];
