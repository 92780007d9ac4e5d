import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Two files as a CRM exports them: accounts, and opportunities that name them. */
export interface Pipeline {
  /** Where the files are from, for whoever reads the test's output. */
  source: string;
  accounts: string;
  deals: string;
}

const folder = fileURLToPath(new URL('../../../../shared/data/crm-sales-opportunities/', import.meta.url));

/** The real data set beside the repository or, where that is not at hand, a generated one of the same shape and flaws. */
export function pipelineFiles(): Pipeline {
  if (!existsSync(`${folder}sales_pipeline.csv`)) return generatePipeline(8_800);
  return {
    source: 'the real data set',
    accounts: readFileSync(`${folder}accounts.csv`, 'utf8'),
    deals: readFileSync(`${folder}sales_pipeline.csv`, 'utf8'),
  };
}

const stages = ['Won', 'Lost', 'Engaging', 'Prospecting'];

/** Every 7th deal without an account, every 500th of an unknown one, every 900th with a value that is none. */
export function generatePipeline(count: number): Pipeline {
  const accounts = Array.from({ length: 85 }, (_, n) => `Account ${n},technology,1996,1100.04,${n},Kenya,`);
  const deals = Array.from({ length: count }, (_, n) => {
    const stage = stages[n % stages.length] ?? '';
    const isClosed = stage === 'Won' || stage === 'Lost';
    const account = n % 7 === 6 ? '' : n % 500 === 499 ? 'Nobody Inc' : `Account ${n % 85}`;
    const value = n % 900 === 899 ? '1e5' : stage === 'Won' ? `${n}` : '';
    const days = [stage === 'Prospecting' ? '' : '2016-10-20', isClosed ? '2017-03-01' : ''];
    return [`GEN${n}`, 'Moses Frase', 'GTX Basic', account, stage, ...days, value].join(',');
  });
  return {
    source: 'a generated data set: the real one is not beside this repository',
    accounts: `account,sector,year_established,revenue,employees,office_location,subsidiary_of\n${accounts.join('\n')}\n`,
    deals: `opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value\n${deals.join('\n')}\n`,
  };
}
