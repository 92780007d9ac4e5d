import type { Random } from './random.ts';

/** What clients write: a kind of record, with every shape of field it has. */
export interface RecordKind {
  entityType: 'deal' | 'lead';
  /** Its collection in crm's database, and its path. */
  collection: string;
  draft(random: Random): object;
  /** Different each time: a change that changes nothing writes nothing. */
  change(random: Random): object;
}

const somebody = (random: Random) => `Chaos ${random.next()}`;

const dealFields = (random: Random) => ({
  name: somebody(random),
  product: random.pick(['GTX Basic', 'MG Special', null]),
  amount: random.pick([null, { amount: random.between(0, 1e6), currency: random.pick(['EUR', 'USD']) }]),
  engagedOn: random.pick([null, '2026-03-01']),
  customFields: { seats: String(random.between(1, 500)), region: random.pick(['north', 'south']) },
});

const leadFields = (random: Random) => ({
  name: somebody(random),
  email: random.pick([null, 'ann@example.com']),
  status: random.pick(['new', 'working', 'qualified']),
  source: random.pick(['web', 'fair', null]),
  customFields: { score: String(random.between(0, 100)) },
});

export const recordKinds: readonly RecordKind[] = [
  {
    entityType: 'deal',
    collection: 'deals',
    draft: (random) => ({ ...dealFields(random), stage: random.pick(['prospecting', 'engaging']) }),
    change: dealFields,
  },
  { entityType: 'lead', collection: 'leads', draft: leadFields, change: leadFields },
];
