import type { AuditHold, AuditHoldListQuery, CreateAuditHold, Page } from '@pipedesk/contracts';
import { conflict, type TenantContext } from '@pipedesk/service-kit';
import type { HoldRepository } from './hold.model.ts';

/** Of one tenant: removal has all of them in memory. */
const mostHolds = 1_000;

export type HoldService = ReturnType<typeof createHoldService>;

export function createHoldService(holds: HoldRepository) {
  const count = async (context: TenantContext): Promise<number> =>
    (await holds.list(context, { filter: {}, limit: mostHolds })).items.length;

  async function requireRoom(context: TenantContext): Promise<void> {
    if ((await count(context)) >= mostHolds)
      throw conflict('too_many_holds', { detail: `A tenant has ${mostHolds} holds at most. Lift some.` });
  }

  return {
    count,
    /** @throws ProblemError 409 `too_many_holds`, 422 for a key that came with another body */
    create: async (
      context: TenantContext,
      body: CreateAuditHold,
      idempotencyKey: string | undefined,
    ): Promise<AuditHold> =>
      (await holds.create(context, body, { idempotencyKey, admit: () => requireRoom(context) })).record,
    list: (context: TenantContext, { limit, cursor }: AuditHoldListQuery): Promise<Page<AuditHold>> =>
      holds.list(context, { filter: {}, limit, cursor }),
    /** @throws ProblemError 404 */
    get: (context: TenantContext, id: string): Promise<AuditHold> => holds.get(context, id),
    /** @throws ProblemError 404, 412 */
    lift: async (context: TenantContext, id: string, expectedVersion: number | undefined): Promise<void> => {
      await holds.remove(context, id, { expectedVersion });
    },
  };
}
