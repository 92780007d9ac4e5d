import type { mongo } from 'mongoose';
import type { AuditLog } from './audit-log.model.ts';

export interface LogRange {
  /** ISO time, inclusive. */
  from?: string | undefined;
  /** ISO time, exclusive. */
  to?: string | undefined;
  /** Key that the page follows. */
  after?: string | undefined;
}

export interface KeyRange {
  $gte: string;
  $lt: string;
}

/** Sort before and behind every key. */
const startOfTime = '';
const endOfTime = '~';

/**
 * Keys start with the time, so a time bounds them as it is. There are always both bounds: until it has statistics,
 * DocumentDB walks an index in order only for a range and sorts all matches otherwise (seen in its plans).
 */
export function keyRange({ from, to, after }: LogRange): KeyRange {
  return { $gte: from ?? startOfTime, $lt: after ?? to ?? endOfTime };
}

/** What a list can ask for: equalities by stored path; `words` must all be there. */
export interface LogFilter {
  entityType?: string | undefined;
  entityId?: string | undefined;
  'actor.id'?: string | undefined;
  action?: string | undefined;
  fields?: string | undefined;
  'context.operationId'?: string | undefined;
  'context.requestId'?: string | undefined;
  'context.ip'?: string | undefined;
  places?: string | undefined;
  words?: string[] | undefined;
}
type Path = keyof LogFilter;

const newestBy = (...paths: string[]): Record<string, 1 | -1> =>
  Object.fromEntries([...paths.map((path) => [path, 1] as const), ['key', -1] as const]);

/** One index a filter, the narrowest first. */
const indexes = [
  ['entityId', 'tenant_entity'],
  ['context.requestId', 'tenant_request'],
  ['context.operationId', 'tenant_operation'],
  ['places', 'tenant_place'],
  ['context.ip', 'tenant_ip'],
  ['actor.id', 'tenant_actor'],
  ['words', 'tenant_word'],
  ['fields', 'tenant_field'],
  ['action', 'tenant_action'],
  ['entityType', 'tenant_entity_type'],
] as const satisfies [Path, string][];

const newest = 'tenant_newest';

export const auditLogIndexes = [
  { name: newest, key: newestBy('tenantId') },
  ...indexes.map(([path, name]) => ({ name, key: newestBy('tenantId', path) })),
];

/** Always few in one tenant: an index over one of these is right whatever else is asked for. */
const narrow = new Set<Path>(['entityId', 'context.requestId', 'context.operationId']);
/** Lists. Engines walk an index over a list's members by member, not by key: they sort what they find. */
const lists = new Set<Path>(['fields', 'places', 'words']);

/**
 * So many matches of a list are counted and sorted in about 10 ms; where there are more, the newest are found by walking
 * backwards. Among 60,000 records three times as many took half as long again at the median.
 */
export const sortedAtMost = 1_000;

interface Candidate {
  path: Path;
  index: string;
  condition: Record<string, unknown>;
}

/** Some hundred KB of texts: filters on names of fields are few, and words that are many are as well. */
const mostKnown = 5_000;
/** ms. Retention and erasures can make few of many. */
const knownFor = 3_600_000;

export interface IndexChoice {
  index: string;
  /** How many records the filter allows, where that is known and they have to be sorted. */
  sorted?: number;
}

export type IndexChooser = (tenantId: string, filter: LogFilter) => Promise<IndexChoice>;

/**
 * The index that serves a filter. Planners choose by statistics that are young or missing (DocumentDB then walks the whole
 * tenant for one rare word), so the choice is made here: by the number of matches, counted in the index and only where and
 * so far as it matters. What are many are not counted again for an hour: should they be few by then, the answer is only slower.
 */
export function createIndexChooser(
  collection: Pick<mongo.Collection<AuditLog>, 'countDocuments'>,
): IndexChooser {
  const many = new Map<string, number>();

  async function count(tenantId: string, { index, condition }: Candidate): Promise<number> {
    const name = JSON.stringify([tenantId, condition]);
    if ((many.get(name) ?? -Infinity) > performance.now() - knownFor) return sortedAtMost;
    const options = { limit: sortedAtMost, hint: index };
    const counted = await collection.countDocuments({ tenantId, ...condition }, options);
    if (counted < sortedAtMost) return counted;
    if (many.size >= mostKnown) many.clear();
    many.set(name, performance.now());
    return counted;
  }

  /** The one with the fewest matches, when those are few enough to be sorted. */
  async function narrowestOf(tenantId: string, candidates: Candidate[]) {
    const counts = await Promise.all(candidates.map((candidate) => count(tenantId, candidate)));
    const fewest = Math.min(...counts);
    const narrowest = candidates[counts.indexOf(fewest)];
    return narrowest && fewest < sortedAtMost ? { ...narrowest, matches: fewest } : undefined;
  }

  return async (tenantId, filter) => {
    const candidates = candidatesOf(filter);
    const [first] = candidates;
    if (first && narrow.has(first.path)) return { index: first.index };
    const { list = [], ordered = [] } = Object.groupBy(candidates, ({ path }) =>
      lists.has(path) ? 'list' : 'ordered',
    );
    const few = await narrowestOf(tenantId, list);
    if (few) return { index: few.index, ...(candidates.length === 1 && { sorted: few.matches }) };
    // What is walked in order needs no count where there is nothing to choose from.
    const walked = ordered.length > 1 ? await narrowestOf(tenantId, ordered) : undefined;
    return { index: walked?.index ?? orderedIndex(filter) };
  };
}

/** Whether the matches may have to be sorted: those of a list with nothing beside it. */
export function isOneList(filter: LogFilter): boolean {
  const [first, ...others] = candidatesOf(filter);
  return first !== undefined && others.length === 0 && lists.has(first.path);
}

/** An index that holds what a filter allows in the order of keys, so that it can be walked piece by piece. */
export function orderedIndex(filter: LogFilter): string {
  return candidatesOf(filter).find(({ path }) => !lists.has(path))?.index ?? newest;
}

/** What of a first or last record anybody asks for; snapshots are most of a record, and are not read for it. */
const edgeMembers = ['entityType', 'entityId', 'version', 'action', 'time', 'ownerId', 'teamId'] as const;
export type EdgeLog = Pick<AuditLog, '_id' | (typeof edgeMembers)[number]>;
const projection = Object.fromEntries(edgeMembers.map((name) => [name, 1]));

/**
 * The first or the last of what a filter allows, as `findOne` takes it. Left to itself DocumentDB sorts all records of the
 * tenant for it: 80 ms among 60,000, and 2 ms by the index.
 */
export function edgeOf(tenantId: string, filter: LogFilter, direction: 1 | -1) {
  return {
    query: { ...conditionsOf(filter), tenantId, key: keyRange({}) },
    options: { hint: orderedIndex(filter), sort: { key: direction }, projection },
  };
}

/** Words are one: an index finds the records that have all of them without looking at those that have some. */
function candidatesOf(filter: LogFilter): Candidate[] {
  return indexes
    .filter(([path]) => filter[path]?.length)
    .map(([path, index]) => ({ path, index, condition: conditionsOf({ [path]: filter[path] }) }));
}

/** The filter as the driver takes it. Values are strings that the contract has checked, so none can be an operator. */
export function conditionsOf({ words, ...equalities }: LogFilter): Record<string, unknown> {
  const given = Object.entries(equalities).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(given), ...(words && { words: { $all: words } }) };
}
