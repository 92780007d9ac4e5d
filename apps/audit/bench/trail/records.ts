import type { EntityType, Snapshot } from '@pipedesk/contracts';
import type { Chance } from './chance.ts';

export interface Kind {
  entityType: EntityType;
  /** Of a hundred records. */
  share: number;
  create(chance: Chance): Snapshot;
  /** One or two fields, as a person changes them. */
  change(chance: Chance): Snapshot;
}

const money = (chance: Chance) => ({ amount: 1_000 * (1 + chance.below(90_000)), currency: 'USD' });
const stages = [
  { stage: 'prospecting', probability: 10 },
  { stage: 'engaging', probability: 30 },
  { stage: 'proposal', probability: 60 },
  { stage: 'won', probability: 100 },
  { stage: 'lost', probability: 0 },
] as const;

const deal: Kind = {
  entityType: 'deal',
  share: 55,
  create: (chance) => ({
    name: chance.words(3),
    companyId: null,
    product: chance.pick(['GTX Basic', 'GTX Pro', 'MG Special']),
    amount: money(chance),
    engagedOn: '2026-02-11',
    expectedCloseOn: '2026-06-30',
    externalId: chance.words(1) + chance.below(100_000),
    customFields: { region: chance.pick(['Central', 'East', 'West']) },
    pipeline: 'default',
    ...stages[0],
    closedOn: null,
  }),
  change: (chance) =>
    chance.next() < 0.6 ? { ...chance.pick(stages) } : { amount: money(chance), name: chance.words(3) },
};

const lead: Kind = {
  entityType: 'lead',
  share: 20,
  create: (chance) => ({
    name: chance.words(2),
    email: `${chance.words(1)}@example.com`,
    phone: `+1 555 ${100_000 + chance.below(900_000)}`,
    companyName: chance.words(2),
    status: 'new',
    source: chance.pick(['web', 'fair', 'referral']),
    customFields: {},
  }),
  change: (chance) =>
    chance.next() < 0.5
      ? { status: chance.pick(['working', 'qualified', 'disqualified']) }
      : { phone: `+1 555 ${100_000 + chance.below(900_000)}` },
};

const company: Kind = {
  entityType: 'company',
  share: 15,
  create: (chance) => ({
    name: chance.words(2),
    domain: `${chance.words(1)}.example.com`,
    industry: chance.pick(['software', 'retail', 'medical']),
    employees: chance.below(10_000),
    foundedYear: 1950 + chance.below(70),
    location: chance.words(2),
    customFields: {},
  }),
  change: (chance) => ({ employees: chance.below(10_000), location: chance.words(2) }),
};

const team: Kind = {
  entityType: 'team',
  share: 10,
  create: (chance) => ({ name: chance.words(2) }),
  change: (chance) => ({ name: chance.words(2) }),
};

export const kinds: readonly Kind[] = [deal, lead, company, team];
