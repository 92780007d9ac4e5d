import { describe, expect, it } from '@jest/globals';
import { dealFromRow, readMoney } from './deal-rows.ts';
import { readRow, RowRejected } from './row-reader.ts';

const acme = '01938f00-0000-7000-8000-000000000001';
const findCompany = (name: string) => Promise.resolve(name === 'Acme' ? acme : null);

/** A row of the usual export, some of its values replaced. */
function buildRow(values: Record<string, string> = {}) {
  const usual = {
    opportunity_id: '1C1I7A6R',
    sales_agent: 'Moses Frase',
    product: 'GTX Basic',
    account: 'Acme',
    deal_stage: 'Won',
    engage_date: '2016-10-20',
    close_date: '2017-03-01',
    close_value: '1054',
  };
  return readRow({ line: 2, values: { ...usual, ...values } });
}

describe('dealFromRow', () => {
  it('reads the columns it knows, and keeps the others as custom fields', async () => {
    expect(await dealFromRow(buildRow({ 'Région (EU)': 'x' }), 'USD', findCompany)).toEqual({
      name: 'Acme - GTX Basic',
      companyId: acme,
      contactIds: [],
      product: 'GTX Basic',
      stage: 'won',
      amount: { amount: 105_400, currency: 'USD' },
      engagedOn: '2016-10-20',
      closedOn: '2017-03-01',
      expectedCloseOn: null,
      externalId: '1C1I7A6R',
      customFields: { sales_agent: 'Moses Frase', r_gion_eu: 'x' },
    });
  });

  it.each([
    [{ deal_stage: 'Thinking' }, 'stage "Thinking" is none of'],
    [{ deal_stage: '' }, 'stage "" is none of'],
    [{ account: 'Nobody' }, 'account "Nobody" is not a known company'],
    [{ close_value: '1e5' }, 'value "1e5" is not an amount in USD'],
    [{ engage_date: '20/10/2016' }, 'engagedOn must be a day such as'],
    [{ close_date: '2017-02-29' }, 'closedOn must be a day such as'],
    [{ opportunity_id: 'x'.repeat(101) }, 'externalId'],
    [{ product: 'GTX\0' }, 'must not contain NUL'],
    [{ remark: '\0' }, 'must not contain NUL'],
    [{ remark: 'x'.repeat(1001) }, 'customFields.remark'],
  ])('rejects %j with the reason', async (values, reason) => {
    const attempt = dealFromRow(buildRow(values), 'USD', findCompany);
    await expect(attempt).rejects.toThrow(reason);
    await expect(attempt).rejects.toBeInstanceOf(RowRejected);
  });

  it.each([
    [{ account: '' }, 'has no account; imported without a company'],
    [{ close_value: '' }, 'is won without a value'],
    [{ deal_stage: 'Engaging' }, 'is engaging; its close date 2017-03-01 was left out'],
  ])('imports %j with a warning', async (values, reason) => {
    const row = buildRow(values);
    await dealFromRow(row, 'USD', findCompany);
    expect(row.warnings).toEqual([{ line: 2, severity: 'warning', reason }]);
  });

  it('loses no value when two columns have one plain name', async () => {
    const { customFields } = await dealFromRow(
      buildRow({ 'Sales-Agent': 'B', 'sales agent!': 'C' }),
      'USD',
      findCompany,
    );
    expect(customFields).toEqual({ sales_agent: 'Moses Frase', sales_agent_2: 'B', sales_agent_3: 'C' });
  });
});

describe('readMoney', () => {
  it.each([
    ['1054', 'USD', 105_400],
    ['1,054.50', 'USD', 105_450],
    ['1,234,567', 'USD', 123_456_700],
    ['0.1', 'USD', 10],
    ['0.29', 'USD', 29],
    ['1.10', 'USD', 110],
    ['1.500', 'USD', 150],
    ['1054', 'JPY', 1054],
    ['1054.00', 'JPY', 1054],
    ['1.234', 'KWD', 1234],
    ['999999999999', 'JPY', 999_999_999_999],
  ])('%s %s is %d minor units', (text, currency, amount) => {
    expect(readMoney(text, currency)).toEqual({ amount, currency });
  });

  it.each([
    ['1e5', 'USD'],
    ['-5', 'USD'],
    ['+5', 'USD'],
    ['1.005', 'USD'],
    ['1.5', 'JPY'],
    ['1,05', 'USD'],
    [',123', 'USD'],
    ['1234,567', 'USD'],
    ['1.054,50', 'USD'],
    ['1.', 'USD'],
    ['.5', 'USD'],
    ['$5', 'USD'],
    ['NaN', 'USD'],
    ['٣', 'USD'],
    ['1234567890123', 'USD'],
  ])('%s %s is no amount', (text, currency) => {
    expect(() => readMoney(text, currency)).toThrow(RowRejected);
  });
});
