import type { Source } from './source.ts';

interface Shape {
  accounts: number;
  opportunities: number;
  /** The same seed makes the same files. */
  seed: number;
}

const sectors = ['medical', 'retail', 'software', 'technolgy', 'finance', 'marketing'];
const products = ['GTX Basic', 'GTXPro', 'GTX Plus Basic', 'MG Special', 'MG Advanced', 'GTK 500'];
const agents = ['Moses Frase', 'Darcel Schlecht', 'Anna Snelling', 'Cecily Lampkin'];
const stages = ['Won', 'Won', 'Lost', 'Engaging', 'Prospecting'];

/**
 * Opportunities with the flaws real ones have: misspelt sectors and products, missing accounts, won deals without a value,
 * and now and then a row that cannot be imported at all.
 */
export function generateSource({ accounts, opportunities, seed }: Shape): Source {
  const random = mulberry32(seed);
  const pick = (list: string[]) => list[Math.floor(random() * list.length)] ?? '';
  const names = Array.from({ length: accounts }, (_, index) => `Account ${index + 1}`);
  const companyRows = names.map(
    (name) =>
      `${name},${pick(sectors)},${1980 + Math.floor(random() * 40)},${Math.floor(random() * 9_000)},United States`,
  );
  const dealRows = Array.from({ length: opportunities }, (_, index) => {
    const stage = random() < 0.005 ? 'Dreaming' : pick(stages);
    const account = random() < 0.15 ? '' : random() < 0.005 ? 'Nobody Inc' : pick(names);
    const value = stage === 'Won' && random() > 0.02 ? String(50 + Math.floor(random() * 5_000)) : '';
    const closed = stage === 'Won' || stage === 'Lost' ? '2017-03-01' : '';
    const id = `G${String(index).padStart(7, '0')}`;
    return [id, pick(agents), pick(products), account, stage, '2016-10-20', closed, value].join(',');
  });
  return {
    name: `${opportunities} generated opportunities`,
    accounts: ['account,sector,year_established,employees,office_location', ...companyRows].join('\n'),
    opportunities: [
      'opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value',
      ...dealRows,
    ].join('\n'),
  };
}

/** A small seeded generator (mulberry32, public domain); `Math.random` cannot be seeded. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
