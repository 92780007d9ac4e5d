import {
  type AuditRetention,
  type AuditRetentionSettings,
  isNeverRemoved,
  neverRemovedTypes,
} from '@pipedesk/contracts';
import { isDuplicateKey, tenantOf } from '@pipedesk/mongo';
import { type TenantContext, unprocessable, versionMismatch } from '@pipedesk/service-kit';
import type { HoldService } from './hold.service.ts';
import type { RetentionStore } from './policy.ts';
import type { RetentionRepository, StoredRetention } from './retention.model.ts';

interface RetentionServiceDeps {
  settings: RetentionRepository;
  holds: Pick<HoldService, 'count'>;
  store: Pick<RetentionStore, 'of'>;
}

export type RetentionService = ReturnType<typeof createRetentionService>;

export function createRetentionService({ settings, holds, store }: RetentionServiceDeps) {
  async function withState(
    context: TenantContext,
    { id, version, updatedAt, defaultDays, rules }: StoredRetention | typeof keepForEver,
  ): Promise<AuditRetention> {
    const [{ state }, count] = await Promise.all([store.of(tenantOf(context)), holds.count(context)]);
    const neverRemoved = [...neverRemovedTypes];
    return { id, version, updatedAt, defaultDays, rules, neverRemoved, holds: count, state };
  }

  const change = (
    context: TenantContext,
    id: string,
    fields: AuditRetentionSettings,
    expectedVersion: number | undefined,
  ): Promise<StoredRetention> =>
    settings.change(context, id, { expectedVersion }, (draft) => {
      Object.assign(draft, fields);
    });

  /** The first settings of a tenant; of two admins at once, the second changes what the first has made. */
  async function create(
    context: TenantContext,
    fields: AuditRetentionSettings,
    expectedVersion: number | undefined,
  ): Promise<StoredRetention> {
    if (expectedVersion) throw versionMismatch(expectedVersion, 0);
    try {
      return (await settings.create(context, fields)).record;
    } catch (error) {
      const first = isDuplicateKey(error) && (await settings.find(context, {}));
      if (first) return change(context, first.id, fields, expectedVersion);
      throw error;
    }
  }

  return {
    get: async (context: TenantContext): Promise<AuditRetention> =>
      withState(context, (await settings.find(context, {})) ?? keepForEver),

    /**
     * @param expectedVersion 0 for settings that nobody has made yet
     * @throws ProblemError 412, 422 `never_removed` for a rule about records that stay whatever it says
     */
    async put(
      context: TenantContext,
      fields: AuditRetentionSettings,
      expectedVersion: number | undefined,
    ): Promise<AuditRetention> {
      requireRemovable(fields);
      const current = await settings.find(context, {});
      const written = current
        ? await change(context, current.id, fields, expectedVersion)
        : await create(context, fields, expectedVersion);
      return withState(context, written);
    },
  };
}

const keepForEver = {
  id: null,
  version: 0,
  updatedAt: null,
  defaultDays: null,
  rules: [],
};

function requireRemovable({ rules }: AuditRetentionSettings): void {
  const errors = rules.flatMap(({ entityType }, index) =>
    isNeverRemoved(entityType)
      ? [{ in: 'body' as const, path: `rules.${index}.entityType`, message: 'is never removed' }]
      : [],
  );
  if (errors.length === 0) return;
  throw unprocessable('never_removed', {
    detail: `Records of ${neverRemovedTypes.join(', ')} stay for ever: they account for what is gone.`,
    errors,
  });
}
