import { z } from 'zod';
import { scopeSchema } from '../access/permissions.ts';
import { roleSchema } from '../access/roles.ts';
import { idSchema, timeSchema } from '../ids.ts';

/** Every kind of record whose changes are captured. */
export const entityTypes = [
  'tenant',
  'user',
  'session',
  'team',
  'invitation',
  'api_key',
  'grant',
  'login_attempt',
  'access_refusal',
  'legacy_access',
  'company',
  'contact',
  'lead',
  'deal',
  'note',
  'task',
  'import',
  'calendar_event',
  'erasure',
  'audit_access',
  'audit_stream',
  'audit_retention',
  'audit_hold',
  'audit_removal',
] as const;
export const entityTypeSchema = z.enum(entityTypes);
export type EntityType = z.infer<typeof entityTypeSchema>;

/** The state of a record before or after a change, as JSON. */
export const snapshotSchema = z.record(z.string(), z.unknown());
export type Snapshot = z.infer<typeof snapshotSchema>;

/**
 * A snapshot in an event, taken as it is: the schema of records looks at every member and copies it, which was most of what
 * checking an event cost. Whatever is no plain object, or has a member `__proto__`, which that schema drops, is left to it.
 */
const capturedSchema = z.union([z.custom<Snapshot>(isPlainSnapshot), snapshotSchema], {
  error: 'must be a record',
});

function isPlainSnapshot(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.getPrototypeOf(value) === Object.prototype && !Object.hasOwn(value, '__proto__');
}

/** One changed field; nested fields have dotted paths (`amount.amount`), absent values are null. */
export const fieldChangeSchema = z.object({ field: z.string(), before: z.unknown(), after: z.unknown() });
export type FieldChange = z.infer<typeof fieldChangeSchema>;

export const actorSchema = z.object({
  type: z.enum(['user', 'api_key', 'system']),
  id: z.string(),
  name: z.string(),
  role: roleSchema.nullable(),
});
export type Actor = z.infer<typeof actorSchema>;

/**
 * The rule that allowed a change, and what rules there were then. `system`: a service by itself, or on a proof that is no
 * permission, such as a password at login.
 */
export const authoritySchema = z.object({
  source: z.enum(['role', 'grant', 'system']),
  /** `deals:edit/team` of the rule table, `grant/<id>`, `system/<service or job>`. */
  rule: z.string(),
  permission: z.string().nullable(),
  scope: scopeSchema.nullable(),
  /** Of the rule table: changes with every rule. */
  rulesVersion: z.string(),
  /** Of the tenant's grants: changes with every grant; absent where there are none. */
  grantsVersion: z.string().optional(),
});
export type Authority = z.infer<typeof authoritySchema>;

/** Where a change came from, and by which right. `operationId` joins the changes of one bulk act, such as an import. */
export const changeContextSchema = z.object({
  ip: z.string().nullable(),
  userAgent: z.string().nullable(),
  requestId: z.string().nullable(),
  apiKeyId: z.string().nullable(),
  operationId: z.string().nullable(),
  source: z.string(),
  /** The version whose values a change brought back. */
  restoredFrom: z.int().min(1).optional(),
  /** Absent from events of before it was kept. */
  authority: authoritySchema.optional(),
});
export type ChangeContext = z.infer<typeof changeContextSchema>;

/** Another record on whose timeline the change belongs too: a note on a deal, a deal of a company. */
export const linkSchema = z.object({ entityType: entityTypeSchema, entityId: idSchema });
export type Link = z.infer<typeof linkSchema>;

export const actionSchema = z.enum(['created', 'updated', 'converted', 'deleted', 'restored', 'occurred']);
export type Action = z.infer<typeof actionSchema>;

/** What happened to one record: version n of it, with before and after, who, and from where. */
export const changeDataSchema = z.object({
  version: z.int().min(1),
  action: actionSchema,
  before: capturedSchema.nullable(),
  after: capturedSchema.nullable(),
  changes: z.array(fieldChangeSchema),
  actor: actorSchema,
  context: changeContextSchema,
  links: z.array(linkSchema),
});

/**
 * A change on the bus: CloudEvents 1.0 in structured JSON form. `id` is `<entityType>:<entityId>:<version>` and
 * therefore the same however often the change is sent, which is what lets consumers drop repeats for ever.
 */
export const changeEventSchema = z.object({
  specversion: z.literal('1.0'),
  id: z.string().min(1).max(200),
  type: z.string().regex(/^[a-z]+(\.[a-z_]+)+$/),
  source: z.string(),
  subject: z.string(),
  time: timeSchema,
  tenantid: idSchema,
  datacontenttype: z.literal('application/json'),
  traceparent: z.string().optional(),
  /** By which erasure the event has lost values since it was first sent. Whoever keeps them is to keep this instead. */
  erasureid: idSchema.optional(),
  data: changeDataSchema,
});
export type ChangeEvent = z.infer<typeof changeEventSchema>;

/** `deal:0198...:3`. */
export function eventId(entityType: EntityType, entityId: string, version: number): string {
  return `${entityType}:${entityId}:${version}`;
}

/** Splits the subject `deal/0198...` of an event. */
export function subjectOf(event: Pick<ChangeEvent, 'subject'>): { entityType: EntityType; entityId: string } {
  const [entityType, entityId] = event.subject.split('/', 2);
  return { entityType: entityTypeSchema.parse(entityType), entityId: idSchema.parse(entityId) };
}
