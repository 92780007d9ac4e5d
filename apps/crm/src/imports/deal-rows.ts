import { createDealBody, dealStages, type DealStage, type Money, type NewDeal } from '@pipedesk/contracts';
import { closesDeal } from '../deals/deal.policy.ts';
import { checked } from './checked.ts';
import { type RowReader, RowRejected } from './row-reader.ts';

/** Looks up a company by its name; null when the tenant has none of that name. */
export type FindCompany = (name: string) => Promise<string | null>;

/**
 * A deal from a row. Columns, by any of their names: opportunity_id, account, product, deal_stage, engage_date,
 * close_date, close_value (major units); whatever else is there becomes a custom field.
 * @throws RowRejected with the reason
 */
export async function dealFromRow(
  row: RowReader,
  currency: string,
  findCompany: FindCompany,
): Promise<NewDeal> {
  const account = row.text('account', 'company');
  const product = row.text('product');
  const stage = readStage(row.text('deal_stage', 'stage'));
  const amount = readMoney(row.text('close_value', 'amount', 'value'), currency);
  if (account === null) row.warn('has no account; imported without a company');
  if (stage === 'won' && amount === null) row.warn('is won without a value');
  const closedOn = row.text('close_date', 'closed_on');
  if (closedOn !== null && !closesDeal(stage))
    row.warn(`is ${stage}; its close date ${closedOn} was left out`);
  const fields = {
    name:
      row.text('name', 'deal_name', 'opportunity_name') ??
      `${account ?? 'No account'} - ${product ?? 'no product'}`,
    companyId: account === null ? null : await requireCompany(account, findCompany),
    product,
    stage,
    amount,
    engagedOn: row.text('engage_date', 'engaged_on'),
    closedOn: closesDeal(stage) ? closedOn : null,
    expectedCloseOn: row.text('expected_close_date', 'expected_close_on'),
    externalId: row.text('opportunity_id', 'external_id', 'id'),
  };
  return checked(createDealBody, { ...fields, customFields: row.rest() });
}

async function requireCompany(name: string, findCompany: FindCompany): Promise<string> {
  const id = await findCompany(name);
  if (id === null)
    throw new RowRejected(`account ${JSON.stringify(name)} is not a known company; import companies first`);
  return id;
}

function readStage(text: string | null): DealStage {
  const stage = dealStages.find((known) => known === text?.toLowerCase());
  if (!stage)
    throw new RowRejected(`stage ${JSON.stringify(text ?? '')} is none of ${dealStages.join(', ')}`);
  return stage;
}

/** `1,054.50` in major units to integer minor units, without passing through a float. */
export function readMoney(text: string | null, currency: string): Money | null {
  if (text === null) return null;
  const digits = minorDigits(currency);
  const match = /^(\d{1,12}|\d{1,3}(?:,\d{3}){1,3})(?:\.(\d+))?$/.exec(text);
  const [, whole = '', fraction = ''] = match ?? [];
  if (!match || fraction.replace(/0+$/, '').length > digits) {
    throw new RowRejected(`value ${JSON.stringify(text)} is not an amount in ${currency}`);
  }
  const minor = whole.replaceAll(',', '') + fraction.slice(0, digits).padEnd(digits, '0');
  return { amount: Number(minor), currency };
}

const digitsByCurrency = new Map<string, number>();

/** 2 for USD, 0 for JPY: ISO 4217 as the runtime's ICU data has it. Remembered: asking costs more than all else in a row. */
function minorDigits(currency: string): number {
  const known = digitsByCurrency.get(currency);
  if (known !== undefined) return known;
  const format = new Intl.NumberFormat('en', { style: 'currency', currency });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  digitsByCurrency.set(currency, digits);
  return digits;
}
