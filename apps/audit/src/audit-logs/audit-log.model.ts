import type { AuditRecord, ChangeEvent } from '@pipedesk/contracts';
import type { Connection, Migration } from '@pipedesk/mongo';
import mongoose, { type Model, Schema } from 'mongoose';

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
  /** Ids of the records on whose timelines this change stands. */
  places: string[];
  /** Owner and team of the entity at the time; scopes are decided over the latest. */
  ownerId: string | null;
  teamId: string | null;
  /** Tells a harmless repeat of an event from another event under the same id. */
  payloadHash: string;
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
      },
      links: { type: [json], required: true },
      traceparent: String,
      fields: { type: [String], required: true },
      places: { type: [String], required: true },
      ownerId: optionalText,
      teamId: optionalText,
      payloadHash: text,
    },
    { collection, discriminatorKey: 'kind', strict: 'throw', versionKey: false, minimize: false, id: false },
  );
}

export interface LogRange {
  /** ISO time, inclusive. */
  from?: string | undefined;
  /** ISO time, exclusive. */
  to?: string | undefined;
  /** Key that the page follows. */
  after?: string | undefined;
}

export type AuditLogRepository = ReturnType<typeof createAuditLogRepository>;

/** Reads of one tenant's logs. Nothing here writes: logs come in by the ingest alone and never change. */
export function createAuditLogRepository({ all }: AuditLogModels) {
  return {
    /** Newest first; `filter` holds plain equalities. */
    find: (
      tenantId: string,
      filter: Record<string, unknown>,
      { limit, ...range }: LogRange & { limit: number },
    ): Promise<AuditLog[]> =>
      all
        .find({ ...filter, tenantId, key: mongoose.trusted(keyRange(range)) })
        .sort({ key: -1 })
        .limit(limit)
        .lean<AuditLog[]>(),
    latest: (tenantId: string, filter: Record<string, unknown>): Promise<AuditLog | null> =>
      all
        .findOne({ ...filter, tenantId, key: mongoose.trusted(keyRange({})) })
        .sort({ key: -1 })
        .lean<AuditLog>(),
    get: (tenantId: string, id: string): Promise<AuditLog | null> =>
      all.findOne({ _id: id, tenantId }).lean<AuditLog>(),
  };
}

/** Sort before and behind every key. */
const startOfTime = '';
const endOfTime = '~';

/**
 * Keys start with the time, so a time bounds them as it is. There are always both bounds: until it has statistics,
 * DocumentDB walks an index in order only for a range and sorts all matches otherwise (seen in its plans).
 */
export function keyRange({ from, to, after }: LogRange) {
  return { $gte: from ?? startOfTime, $lt: after ?? to ?? endOfTime };
}

const newestBy = (...paths: string[]): Record<string, 1 | -1> =>
  Object.fromEntries([...paths.map((path) => [path, 1] as const), ['key', -1] as const]);

/** One index a documented query. */
export const auditLogIndexes = [
  { name: 'tenant_newest', key: newestBy('tenantId') },
  { name: 'tenant_entity', key: newestBy('tenantId', 'entityId') },
  { name: 'tenant_actor', key: newestBy('tenantId', 'actor.id') },
  { name: 'tenant_entity_type', key: newestBy('tenantId', 'entityType') },
  { name: 'tenant_action', key: newestBy('tenantId', 'action') },
  { name: 'tenant_field', key: newestBy('tenantId', 'fields') },
  { name: 'tenant_operation', key: newestBy('tenantId', 'context.operationId') },
  { name: 'tenant_request', key: newestBy('tenantId', 'context.requestId') },
  { name: 'tenant_ip', key: newestBy('tenantId', 'context.ip') },
  { name: 'tenant_place', key: newestBy('tenantId', 'places') },
];

export const auditLogMigrations: Migration[] = [
  {
    id: '2026-11-22-audit-record-indexes',
    up: (db) => db.collection(collection).createIndexes(auditLogIndexes),
  },
];
