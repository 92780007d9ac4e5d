import type { EntityType, FieldChange } from '../events/envelope.ts';
import type { AuditRecord } from '../http/audit.ts';
import { changeTitle, type TimelineItem } from '../timeline/item.ts';
import type { Role } from './roles.ts';

/** Stands where a text is hidden that the contract does not allow to be null. */
export const mask = '***';

type Hidden = Readonly<Record<string, unknown>>;
type Masks = Partial<Record<EntityType, Partial<Record<Role, Hidden>>>>;

/**
 * The one table of what a role reads records without: entity type -> role -> field -> what is shown instead, always the
 * empty value of the field's type, so that a masked record still keeps its contract. Custom fields are hidden whole:
 * nobody has said what is in them.
 */
export const masks = {
  lead: { viewer: { name: mask, email: null, phone: null, customFields: {} } },
  company: { viewer: { customFields: {} } },
  contact: { viewer: { name: mask, emails: [], phones: [], customFields: {} } },
  deal: { viewer: { amount: null, customFields: {} } },
  // Viewers learn when somebody is busy, not with what.
  calendar_event: { viewer: { title: mask, description: null, location: null, attendees: [] } },
} as const satisfies Masks;

/** What an answer shows: records of one type, lines of timelines, captured changes, or of records no more than their ids. */
export type Shown = keyof typeof masks | 'timeline_item' | 'audit_record' | 'outcomes';

/** The fields a role reads records of a type without; undefined when it reads them whole. */
export function hiddenFrom(role: Role, entityType: EntityType): Hidden | undefined {
  const all: Masks = masks;
  return all[entityType]?.[role];
}

/** Hides from an answer, one record or a page of them, what the role may not read, and names it in `masked`. */
export function maskAnswer(role: Role, shown: Shown, answer: unknown): unknown {
  if (isPage(answer)) return { ...answer, items: answer.items.map((item) => maskOne(role, shown, item)) };
  return maskOne(role, shown, answer);
}

function maskOne(role: Role, shown: Shown, one: unknown): unknown {
  if (shown === 'timeline_item') return maskItem(role, one as TimelineItem);
  if (shown === 'audit_record') return maskAuditRecord(role, one as AuditRecord);
  if (shown === 'outcomes') return one;
  return maskRecord(role, shown, one as object);
}

export function maskRecord<R extends object>(
  role: Role,
  entityType: EntityType,
  record: R,
): R & { masked?: string[] } {
  const hidden = hiddenFrom(role, entityType);
  return hidden ? { ...record, ...hidden, masked: Object.keys(hidden) } : record;
}

/** The title of a change ends with the record's name; that of a meeting is a field of its own. */
export function maskItem(role: Role, item: TimelineItem): TimelineItem {
  const hidden = hiddenFrom(role, item.source.entityType);
  if (!hidden) return item;
  const { meeting, changes } = item;
  return {
    ...item,
    title: maskTitle(item, hidden),
    ...(changes && { changes: maskChanges(hidden, changes) }),
    ...(meeting && { meeting: { ...meeting, ...('location' in hidden && { location: null }) } }),
    masked: Object.keys(hidden),
  };
}

function maskTitle(item: TimelineItem, hidden: Hidden): string {
  const { title, source } = item;
  if ('title' in hidden) return mask;
  return 'name' in hidden ? changeTitle(source.entityType, actionIn(item), mask) : title;
}

/** `deal updated: Forty seats` says `updated`. */
function actionIn({ title }: TimelineItem): string {
  return title.split(/[ :]/)[1] ?? '';
}

/** What is left of a change of a record that the reader of somebody else's timeline may not read: that it happened. */
export function withholdChange(item: TimelineItem): TimelineItem {
  const title = changeTitle(item.source.entityType, actionIn(item), mask);
  return { ...item, title, changes: [], masked: ['title', 'changes'] };
}

/** Snapshots lose the values of what is hidden; the facts of the time (`deal`) likewise. */
export function maskAuditRecord(role: Role, record: AuditRecord): AuditRecord {
  const hidden = hiddenFrom(role, record.entityType);
  if (!hidden) return record;
  const { before, after, changes, deal } = record;
  return {
    ...record,
    before: before && { ...before, ...hidden },
    after: after && { ...after, ...hidden },
    changes: maskChanges(hidden, changes),
    ...(deal && 'amount' in hidden && { deal: { ...deal, amount: null } }),
    masked: Object.keys(hidden),
  };
}

/** A change of a hidden field stays, once and without values; paths inside the field may be values themselves. */
function maskChanges(hidden: Hidden, changes: FieldChange[]): FieldChange[] {
  const shown = changes.filter(({ field }) => !(rootOf(field) in hidden));
  const roots = new Set(changes.map(({ field }) => rootOf(field)).filter((field) => field in hidden));
  return [...shown, ...[...roots].map((field) => ({ field, before: null, after: null }))];
}

/** Filters that are named otherwise than the field they look into. */
const filteredFields: ReadonlyMap<string, string> = new Map([['email', 'emails']]);

/** Parameters that name fields in their values. */
const fieldParameters = new Set(['sort', 'orderBy', 'field']);

/** The hidden fields that a query filters or sorts by: the order of a list tells what its rows keep to themselves. */
export function hiddenInQuery(role: Role, shown: Shown, query: object): string[] {
  const types = shown === 'timeline_item' || shown === 'audit_record' ? Object.keys(masks) : [shown];
  const hidden = new Set(types.flatMap((type) => Object.keys(hiddenFrom(role, type as EntityType) ?? {})));
  const named = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : fieldParameters.has(name) ? String(value).split(',') : [name],
  );
  const fields = named.flatMap((name) => fieldsBehind(rootOf(name.replace(/^[-+]/, ''))));
  return [...new Set(fields)].filter((name) => hidden.has(name));
}

function fieldsBehind(name: string): string[] {
  const behind = filteredFields.get(name);
  return behind === undefined ? [name] : [name, behind];
}

function rootOf(path: string): string {
  return path.split('.', 1)[0] ?? '';
}

function isPage(answer: unknown): answer is { items: unknown[] } {
  return typeof answer === 'object' && answer !== null && 'items' in answer && Array.isArray(answer.items);
}
