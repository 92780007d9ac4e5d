import type { ChangeEvent, Snapshot } from '@pipedesk/contracts';
import { buildEvent, type EventDraft } from '@pipedesk/testing';
import { v7 as uuidv7 } from 'uuid';

/** A deal as crm puts it into its events. */
export function buildDealSnapshot(overrides: Snapshot = {}): Snapshot {
  return {
    id: uuidv7(),
    version: 1,
    createdAt: '2026-03-01T09:30:00.000Z',
    updatedAt: '2026-03-01T09:30:00.000Z',
    name: 'Forty seats',
    companyId: null,
    product: null,
    amount: { amount: 1_200_000, currency: 'USD' },
    engagedOn: null,
    expectedCloseOn: null,
    externalId: null,
    customFields: {},
    pipeline: 'default',
    stage: 'prospecting',
    probability: 10,
    closedOn: null,
    ownerId: null,
    teamId: null,
    ...overrides,
  };
}

/** Versions 1 to `count` of one deal, a second apart: created, then moved from stage to stage. */
export function buildDealHistory(
  count: number,
  { deal = {}, ...draft }: Omit<EventDraft, 'before' | 'after'> & { deal?: Snapshot } = {},
): ChangeEvent[] {
  const { entityId = uuidv7(), tenantId = uuidv7() } = draft;
  const stages = ['prospecting', 'engaging', 'proposal', 'negotiation', 'won', 'lost'];
  const stageAt = (version: number) => stages[(version - 1) % stages.length];
  const at = (version: number) =>
    buildDealSnapshot({ ...deal, id: entityId, version, stage: stageAt(version) });
  return Array.from({ length: count }, (_, index) => {
    const version = index + 1;
    const isFirst = version === 1;
    return buildEvent({
      ...draft,
      entityId,
      tenantId,
      version,
      time: new Date(Date.UTC(2026, 2, 1, 9, 30, version)).toISOString(),
      before: isFirst ? null : at(version - 1),
      after: at(version),
      changes: isFirst ? [] : [{ field: 'stage', before: stageAt(version - 1), after: stageAt(version) }],
    });
  });
}

export function shuffled<T>(items: T[]): T[] {
  return items
    .map((item) => ({ item, order: Math.random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item);
}
