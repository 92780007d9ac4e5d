import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { generateSource } from './generate.ts';

/** The two files of an import, as text. */
export interface Source {
  name: string;
  accounts: string | null;
  opportunities: string;
}

/**
 * Finds the files to import: a folder with `sales_pipeline.csv` and `accounts.csv`, or one CSV of opportunities (accounts
 * beside it are taken along), or without an argument generated ones of the same shape.
 * @throws Error saying which file is missing
 */
export function openSource(path: string | undefined): Source {
  if (path === undefined) return generateSource({ accounts: 85, opportunities: 2_000, seed: 1 });
  if (!existsSync(path)) throw new Error(`There is no file or folder ${path}.`);
  const opportunities = statSync(path).isDirectory() ? join(path, 'sales_pipeline.csv') : path;
  if (!existsSync(opportunities)) throw new Error(`${path} has no sales_pipeline.csv.`);
  const accounts = join(dirname(opportunities), 'accounts.csv');
  return {
    name: opportunities,
    accounts: existsSync(accounts) ? readFileSync(accounts, 'utf8') : null,
    opportunities: readFileSync(opportunities, 'utf8'),
  };
}
