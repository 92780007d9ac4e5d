import type { Deal, DealStage } from '@pipedesk/contracts';

/** The one pipeline until tenants configure their own. */
export const defaultPipeline = 'default';

/** How likely a deal at a stage is to be won, per cent. */
const probabilities: Record<DealStage, number> = {
  prospecting: 10,
  engaging: 25,
  proposal: 50,
  negotiation: 75,
  won: 100,
  lost: 0,
};

export function probabilityAt(stage: DealStage): number {
  return probabilities[stage];
}

export function closesDeal(stage: DealStage): boolean {
  return stage === 'won' || stage === 'lost';
}

/** A closed deal is a booked result; changing it takes `deals:edit_closed`. */
export function isClosed(deal: Pick<Deal, 'stage'>): boolean {
  return closesDeal(deal.stage);
}
