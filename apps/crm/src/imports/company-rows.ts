import { createCompanyBody, type NewCompany } from '@pipedesk/contracts';
import { checked } from './checked.ts';
import { type RowReader, RowRejected } from './row-reader.ts';

/**
 * A company from a row. Columns, by any of their names: account, sector, year_established, employees, office_location;
 * whatever else is there becomes a custom field.
 * @throws RowRejected with the reason
 */
export function companyFromRow(row: RowReader): NewCompany {
  const name = row.text('account', 'name', 'company');
  if (name === null) throw new RowRejected('has no account name');
  const fields = {
    name,
    domain: row.text('domain', 'website'),
    industry: row.text('sector', 'industry'),
    employees: readInteger(row.text('employees'), 'employees'),
    foundedYear: readInteger(row.text('year_established', 'founded_year'), 'year established'),
    location: row.text('office_location', 'location'),
  };
  return checked(createCompanyBody, { ...fields, customFields: row.rest() });
}

function readInteger(text: string | null, what: string): number | null {
  if (text === null) return null;
  if (!/^\d{1,9}$/.test(text)) throw new RowRejected(`${what} ${JSON.stringify(text)} is not a whole number`);
  return Number(text);
}
