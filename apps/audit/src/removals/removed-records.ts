import { type EntityType, eventId } from '@pipedesk/contracts';
import type { Connection } from '@pipedesk/mongo';
import { ProblemError } from '@pipedesk/service-kit';
import type { mongo } from 'mongoose';
import { removedIn } from '../seals/format/removed.ts';
import type { StoredSeal } from '../seals/seal.store.ts';
import { removalCollection } from './removal.store.ts';
import { stubIndex } from './stub.store.ts';

/** Whose a removed record was, and which removal took it. */
export interface RemovedPlace {
  tenantId: string;
  removalId: string;
}

/** What is known of records that retention has taken, or is about to take. */
export interface RemovedRecords {
  /** Of some ids those that a removal has taken or marked, of whatever tenant. */
  find(ids: string[]): Promise<Map<string, RemovedPlace>>;
  /** The removal of a record of a tenant; null when it was not removed. */
  of(tenantId: string, id: string): Promise<string | null>;
  /** The removal of any version of an entity; null when none was removed. */
  ofEntity(tenantId: string, entityType: EntityType, entityId: string): Promise<string | null>;
  ofVersion(
    tenantId: string,
    entity: { entityType: EntityType; entityId: string },
    version: number,
  ): Promise<string | null>;
}

/** How long it is believed that there has been no removal at all, ms; a small part of the grace before the first deletion. */
const forgetAfter = 10_000;

/**
 * Finds removed records by the stubs in their seals. As long as there has been no removal at all, which is asked every ten
 * seconds, that costs nothing; after that one look at an index over the stubs alone.
 */
export function createRemovedRecords(connection: Connection): RemovedRecords {
  const removals = connection.collection<{ _id: string }>(removalCollection);
  const seals = connection.collection<StoredSeal>('auditseals');
  let noneAt = -Infinity;

  async function isAny(): Promise<boolean> {
    const now = performance.now();
    if (now - noneAt < forgetAfter) return false;
    const isNone = (await removals.findOne({}, { projection: { _id: 1 } })) === null;
    if (isNone) noneAt = now;
    return !isNone;
  }

  const sealsWith = (filter: mongo.Filter<StoredSeal>) =>
    seals.find(filter, { projection: { tenantId: 1, removed: 1 }, hint: stubIndex });

  async function find(ids: string[]): Promise<Map<string, RemovedPlace>> {
    const places = new Map<string, RemovedPlace>();
    if (ids.length === 0 || !(await isAny())) return places;
    const wanted = new Set(ids);
    for await (const { tenantId, removed } of sealsWith({ 'removed.id': { $in: ids } }))
      for (const { id, by, spared } of removedIn(removed))
        if (wanted.has(id) && !spared) places.set(id, { tenantId, removalId: by });
    return places;
  }

  async function of(tenantId: string, id: string): Promise<string | null> {
    const place = (await find([id])).get(id);
    return place?.tenantId === tenantId ? place.removalId : null;
  }

  return {
    find,
    of,
    ofVersion: (tenantId, { entityType, entityId }, version) =>
      of(tenantId, eventId(entityType, entityId, version)),
    async ofEntity(tenantId, entityType, entityId) {
      if (!(await isAny())) return null;
      const [from, to] = [`${entityType}:${entityId}:`, `${entityType}:${entityId};`];
      const own = { $elemMatch: { id: { $gte: from, $lt: to } } };
      for await (const { removed } of sealsWith({ tenantId, removed: own }))
        for (const { id, by, spared } of removedIn(removed)) if (id >= from && id < to && !spared) return by;
      return null;
    },
  };
}

/** 410: the record was there and is gone for good. */
export function recordRemoved(removalId: string, detail: string): ProblemError {
  return new ProblemError(410, 'audit_record_removed', { detail, extra: { removalId } });
}
