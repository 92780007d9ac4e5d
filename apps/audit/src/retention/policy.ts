import { isNeverRemoved, type RetentionState } from '@pipedesk/contracts';
import type { Connection } from '@pipedesk/mongo';
import type { Logger } from '@pipedesk/service-kit';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { SealKeys } from '../seals/seal-keys.ts';
import type { SealStore } from '../seals/seal.store.ts';
import { createHoldsReader, type HeldSet } from './holds-in-force.ts';
import { retentionCollection } from './retention.model.ts';
import { createSealedSettingsReader, type SealedSetting, type SealedSettings } from './sealed-settings.ts';

/** For how long a tenant's records stay, as removal may act on it. */
export interface TenantRetention {
  tenantId: string;
  /** null and 0 until the tenant has settings. */
  settingsId: string | null;
  settingsVersion: number;
  /** Unless it is `in_force` nothing of the tenant may be removed, and `days` and `isHeld` say so. */
  state: RetentionState;
  /** From a record's seal; null: for ever. */
  days(entityType: string): number | null;
  /** True for every record that a hold keeps. */
  isHeld(entityType: string, entityId: string): boolean;
  /** Whether any record of the tenant can become too old. */
  hasAny: boolean;
}

export interface RetentionStore {
  /** Of all tenants whose records can become too old, as of moments ago; one that is refused is left out. */
  policies(): AsyncIterable<TenantRetention>;
  /** As of now. */
  of(tenantId: string): Promise<TenantRetention>;
}

interface RetentionStoreDeps {
  connection: Connection;
  seals: SealStore;
  keys: SealKeys;
  /** Learns of every time that settings or holds are not what the trail says they are. */
  onRefused: () => void;
  log: Logger;
  clock: () => Date;
}

interface RetentionDocument {
  _id: string;
  tenantId: string;
  version: number;
  updatedAt: Date;
  deletedAt: Date | null;
}

const settingsSchema = z.object({
  defaultDays: z.int().positive().nullable(),
  rules: z.array(z.object({ entityType: z.string(), days: z.int().positive().nullable() })),
});
type Settings = z.infer<typeof settingsSchema>;

/** A change of settings is sealed within seconds; one that is not by then has no record that could be sealed. */
const sealedWithin = 15 * 60_000;

/** What holds of a tenant's settings, or why they do not. */
type Judgement =
  | { state: 'in_force'; settings: Settings }
  | { state: 'none' | 'waiting' }
  | { state: 'refused'; reason: string };

/**
 * Reads the settings as removal may act on them. The documents alone are not believed: whoever holds the database could order
 * removals by them. What counts is the newest sealed record of the settings, and the document must say the same.
 */
export function createRetentionStore(deps: RetentionStoreDeps): RetentionStore {
  const { connection, onRefused, log, clock } = deps;
  const documents = connection.collection<RetentionDocument>(retentionCollection);
  const sealedSettings = createSealedSettingsReader(deps);
  const readHolds = createHoldsReader(connection, sealedSettings);
  /** Said once, not every minute. */
  const reported = new Map<string, string>();

  function report(tenantId: string, reason: string): void {
    onRefused();
    if (reported.get(tenantId) === reason) return;
    reported.set(tenantId, reason);
    log.error({ tenantId, reason }, 'retention is refused: nothing of this tenant is removed');
  }

  /** Many tenants by as many queries as one: with thousands of them a round must not take minutes. */
  async function ofAll(tenantIds: string[]): Promise<TenantRetention[]> {
    // In this order: a change meanwhile leaves the document ahead of the trail, as every change does, and never behind.
    const trails = await sealedSettings(tenantIds, 'audit_retention');
    const stored = await documents.find({ tenantId: { $in: tenantIds }, deletedAt: null }).toArray();
    const byTenant = new Map(stored.map((document) => [document.tenantId, document]));
    const holds = await readHolds(tenantIds);
    return [...holds].map(([tenantId, held]) => {
      const document = byTenant.get(tenantId) ?? null;
      const judgement = judge(document, trails.get(tenantId) ?? new Map(), clock());
      return retentionOf(tenantId, document, judgement, held);
    });
  }

  function retentionOf(
    tenantId: string,
    document: RetentionDocument | null,
    judgement: Judgement,
    holds: HeldSet,
  ): TenantRetention {
    const reason = judgement.state === 'refused' ? judgement.reason : holds.broken;
    if (reason === undefined) reported.delete(tenantId);
    else report(tenantId, reason);
    return {
      tenantId,
      settingsId: document?._id ?? null,
      settingsVersion: document?.version ?? 0,
      ...effectOf(reason === undefined ? judgement : { state: 'refused', reason }, holds),
    };
  }

  return {
    async of(tenantId) {
      const [retention] = await ofAll([tenantId]);
      if (!retention) throw new Error(`nothing was read of tenant ${tenantId}`);
      return retention;
    },
    async *policies() {
      const all = documents.find({}).project<{ tenantId: string }>({ tenantId: 1 });
      for await (const page of pagesOf(all))
        for (const retention of await ofAll([...new Set(page.map(({ tenantId }) => tenantId))]))
          if (retention.hasAny) yield retention;
    },
  };
}

const pageSize = 200;

async function* pagesOf<Item>(items: AsyncIterable<Item>): AsyncGenerator<Item[]> {
  let page: Item[] = [];
  for await (const item of items) {
    page.push(item);
    if (page.length < pageSize) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}

function judge(document: RetentionDocument | null, trail: SealedSettings, now: Date): Judgement {
  if (!document && trail.size === 0) return { state: 'none' };
  if (!document) return refused('the settings are gone, and the trail has not seen them go');
  if ([...trail.keys()].some((id) => id !== document._id))
    return refused('the trail knows other settings of this tenant');
  const sealed = trail.get(document._id);
  if (document.version > (sealed?.version ?? 0)) {
    const age = now.getTime() - Number(document.updatedAt);
    return age < sealedWithin
      ? { state: 'waiting' }
      : refused('the trail has no such version of the settings');
  }
  return compare(document, sealed);
}

function compare(document: RetentionDocument, sealed: SealedSetting | undefined): Judgement {
  if (!sealed?.record) return refused('the record of the settings is gone or is not what was sealed');
  if (sealed.version !== document.version) return refused('the trail has a later version of the settings');
  const [stated, stored] = [sealed.record.after, document].map((one) => settingsSchema.safeParse(one).data);
  if (!stated || !isDeepStrictEqual(stated, stored))
    return refused('the settings are not what the trail says they are');
  return { state: 'in_force', settings: stated };
}

function refused(reason: string): Judgement {
  return { state: 'refused', reason };
}

type Effect = Pick<TenantRetention, 'state' | 'days' | 'isHeld' | 'hasAny'>;

function effectOf(judgement: Judgement, { isHeld }: HeldSet): Effect {
  const { state } = judgement;
  const isRefused = state === 'refused';
  if (state !== 'in_force')
    return { state, days: () => null, isHeld: isRefused ? () => true : isHeld, hasAny: false };
  const { defaultDays, rules } = judgement.settings;
  const ruled = new Map(rules.map(({ entityType, days }) => [entityType, days]));
  const days = (entityType: string) => {
    if (isNeverRemoved(entityType)) return null;
    return ruled.has(entityType) ? (ruled.get(entityType) ?? null) : defaultDays;
  };
  const hasAny = [defaultDays, ...ruled.values()].some((each) => each !== null);
  return { state, days, isHeld, hasAny };
}
