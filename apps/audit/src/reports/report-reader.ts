import type { mongo } from 'mongoose';
import type { AuditLog, AuditLogModels } from '../audit-logs/audit-log.model.ts';
import { conditionsOf, type LogFilter, orderedIndex } from '../audit-logs/audit-log.query.ts';

export interface TimeSpan {
  /** ISO times: `from` is included, `to` is not. */
  from: string;
  to: string;
}

/** Where a change stands: enough to tell the entities of a range apart. */
type Place = Pick<AuditLog, '_id' | 'entityType' | 'entityId' | 'key'>;

export type ReportReader = ReturnType<typeof createReportReader>;

/** How much is read at once, and of how many entities it is known without asking that they were reported. */
const usualSizes = { places: 1_000, entities: 100, logs: 2_000, remembered: 20_000 };

const ofEntity = 'tenant_entity';

/**
 * Reads a range entity by entity, each when its first change comes by, with all of its changes oldest first. Nothing is
 * kept of entities that are done: whether one has been reported is a question to the index (had it a change before?),
 * so the memory is the same for a day and for ten years.
 */
export function createReportReader({ all }: Pick<AuditLogModels, 'all'>, sizes = usualSizes) {
  const logs = all.collection as unknown as mongo.Collection<AuditLog>;

  async function* placesOf(tenantId: string, filter: LogFilter, { from, to }: TimeSpan) {
    let after: string | undefined;
    for (;;) {
      const key = after === undefined ? { $gte: from, $lt: to } : { $gt: after, $lt: to };
      const page = await logs
        .find<Place>({ ...conditionsOf(filter), tenantId, key }, { hint: orderedIndex(filter) })
        .project<Place>({ entityType: 1, entityId: 1, key: 1 })
        .sort({ key: 1 })
        .limit(sizes.places)
        .toArray();
      if (page.length > 0) yield page;
      if (page.length < sizes.places) return;
      after = page.at(-1)?.key;
    }
  }

  /** Of some entities those without a change in the range before this page. */
  async function unreported(
    tenantId: string,
    filter: LogFilter,
    ids: string[],
    { from, to }: TimeSpan,
  ): Promise<string[]> {
    const seen = new Set<string>();
    for (const some of inGroups(ids, sizes.entities)) {
      const query = {
        ...conditionsOf(filter),
        tenantId,
        entityId: { $in: some },
        key: { $gte: from, $lt: to },
      };
      const found = logs.aggregate<{ _id: string }>([{ $match: query }, { $group: { _id: '$entityId' } }], {
        hint: ofEntity,
      });
      for await (const { _id } of found) seen.add(_id);
    }
    return ids.filter((id) => !seen.has(id));
  }

  /** All changes of some entities, entity by entity. Where they are many, the entities are read one by one and in pieces. */
  async function* sections(
    tenantId: string,
    filter: LogFilter,
    ids: string[],
    { from, to }: TimeSpan,
  ): AsyncGenerator<AuditLog[]> {
    const key = { $gte: from, $lt: to };
    for (const some of inGroups(ids, sizes.entities)) {
      const query = { ...conditionsOf(filter), tenantId, entityId: { $in: some }, key };
      const found = await logs
        .find(query, { hint: ofEntity })
        .limit(sizes.logs + 1)
        .toArray();
      if (found.length > sizes.logs) for (const id of some) yield* pieces(tenantId, filter, id, { from, to });
      else yield* bySection(some, found);
    }
  }

  async function* pieces(
    tenantId: string,
    filter: LogFilter,
    entityId: string,
    { from, to }: TimeSpan,
  ): AsyncGenerator<AuditLog[]> {
    let after: string | undefined;
    for (;;) {
      const key = after === undefined ? { $gte: from, $lt: to } : { $gt: after, $lt: to };
      const piece = await logs
        .find({ ...conditionsOf(filter), tenantId, entityId, key }, { hint: ofEntity })
        .sort({ key: 1 })
        .limit(sizes.logs)
        .toArray();
      if (piece.length > 0) yield piece;
      if (piece.length < sizes.logs) return;
      after = piece.at(-1)?.key;
    }
  }

  return {
    /** Pieces of one entity's changes each; an entity's pieces follow one another. */
    async *read(tenantId: string, filter: LogFilter, span: TimeSpan): AsyncGenerator<AuditLog[]> {
      let recent = new Set<string>();
      for await (const page of placesOf(tenantId, filter, span)) {
        const ids = [...new Set(page.map(({ entityId }) => entityId))].filter((id) => !recent.has(id));
        const earlier = { from: span.from, to: page[0]?.key ?? span.from };
        const fresh = await unreported(tenantId, filter, ids, earlier);
        if (recent.size > sizes.remembered) recent = new Set();
        for (const id of ids) recent.add(id);
        yield* sections(tenantId, filter, fresh, span);
      }
    },
  };
}

function* bySection(ids: string[], found: AuditLog[]): Generator<AuditLog[]> {
  const byEntity = Map.groupBy(found, ({ entityId }) => entityId);
  for (const id of ids) {
    const section = byEntity.get(id)?.toSorted((a, b) => (a.key < b.key ? -1 : 1));
    if (section) yield section;
  }
}

function* inGroups<T>(items: T[], size: number): Generator<T[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}
