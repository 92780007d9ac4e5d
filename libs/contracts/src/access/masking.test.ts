import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ChangeEvent, EntityType, FieldChange, Snapshot } from '../events/envelope.ts';
import type { AuditRecord } from '../http/audit.ts';
import { calendarEventSchema } from '../http/calendar.ts';
import { companySchema } from '../http/companies.ts';
import { contactSchema } from '../http/contacts.ts';
import { dealSchema } from '../http/deals.ts';
import { leadSchema } from '../http/leads.ts';
import { placeEvent } from '../timeline/place-event.ts';
import { hiddenInQuery, maskAnswer, masks, type Shown } from './masking.ts';
import { roles } from './roles.ts';

const id = '019b0000-0000-7000-8000-000000000001';
const time = '2026-03-01T09:30:00.000Z';
const base = { id, version: 2, createdAt: time, updatedAt: time, ownerId: id, teamId: null };

/** Text that stands nowhere else, so that finding it in an answer means that it leaked. */
const secret = fc.uuid().map((text) => `secret-${text}`);
const number = fc.integer({ min: 10 ** 9, max: 10 ** 10 });
const customFields = fc.dictionary(fc.constantFrom('birthday', 'mobile', 'iban'), secret, { minKeys: 1 });

/** Records of each masked type, whose hidden fields are all filled. */
const records = {
  lead: {
    schema: leadSchema,
    arbitrary: fc.record({ name: secret, email: secret, phone: secret, customFields }),
    rest: { companyName: 'Acme', status: 'new', convertedTo: null, source: null },
  },
  company: {
    schema: companySchema,
    arbitrary: fc.record({ customFields }),
    rest: { name: 'Acme', domain: null, industry: null, employees: 5, foundedYear: null, location: null },
  },
  contact: {
    schema: contactSchema,
    arbitrary: fc.record({
      name: secret,
      emails: fc.array(fc.record({ address: secret, label: secret, primary: fc.boolean() }), {
        minLength: 1,
      }),
      phones: fc.array(fc.record({ number: secret, label: secret }), { minLength: 1 }),
      customFields,
    }),
    rest: { title: 'Head of Seats', companyId: null, mergedInto: null },
  },
  deal: {
    schema: dealSchema,
    arbitrary: fc.record({
      amount: fc.record({ amount: number, currency: fc.constant('USD') }),
      customFields,
    }),
    rest: {
      name: 'Forty seats',
      companyId: null,
      contactIds: [],
      product: null,
      engagedOn: null,
      expectedCloseOn: null,
      externalId: null,
      pipeline: 'default',
      stage: 'won',
      probability: 100,
      closedOn: null,
    },
  },
  calendar_event: {
    schema: calendarEventSchema,
    arbitrary: fc.record({
      title: secret,
      description: secret,
      location: secret,
      attendees: fc.array(fc.record({ email: secret, name: secret }), { minLength: 1 }),
    }),
    rest: { startsAt: time, endsAt: '2026-03-01T10:30:00.000Z', links: [link()], organizerName: 'Sam' },
  },
} as const satisfies Record<keyof typeof masks, unknown>;

function link() {
  return { entityType: 'deal' as const, entityId: id };
}

/** The secrets of a type, whichever it is. */
function secretsOf(entityType: keyof typeof records): fc.Arbitrary<Snapshot> {
  return records[entityType].arbitrary;
}

const types = Object.keys(records) as (keyof typeof records)[];

/** Every secret of a record, as it would stand in JSON. */
function valuesIn(value: unknown): string[] {
  if (typeof value === 'object' && value !== null) return Object.values(value).flatMap(valuesIn);
  return [JSON.stringify(value)].filter((text) => text.includes('secret-') || /^\d{10,}$/.test(text));
}

function pathsOf(value: unknown, path: string): FieldChange[] {
  if (typeof value !== 'object' || value === null) return [{ field: path, before: value, after: value }];
  return Object.entries(value).flatMap(([key, inner]) => pathsOf(inner, path ? `${path}.${key}` : key));
}

function eventOf(entityType: EntityType, record: Snapshot): ChangeEvent {
  return {
    id: `${entityType}:${id}:2`,
    type: 'crm.deal.updated',
    subject: `${entityType}/${id}`,
    time,
    data: {
      version: 2,
      action: 'updated',
      before: record,
      after: record,
      changes: pathsOf(record, ''),
      actor: { type: 'user', id, name: 'Sam', role: 'sales' },
      context: { operationId: null },
      links: [link()],
    },
  } as unknown as ChangeEvent;
}

function auditRecordOf(event: ChangeEvent, entityType: EntityType): AuditRecord {
  const { amount } = event.data.after as { amount?: unknown };
  return { ...event.data, entityType, entityId: id, ...(amount ? { deal: { amount } } : {}) } as AuditRecord;
}

/** The answers a record can get into, each with what it shows. */
function answersOf(entityType: keyof typeof records, record: Snapshot): [Shown, unknown][] {
  const event = eventOf(entityType, record);
  const item = placeEvent(event)?.item;
  return [
    [entityType, record],
    [entityType, { items: [record], nextCursor: null }],
    ['timeline_item', { items: [item] }],
    ['audit_record', { items: [auditRecordOf(event, entityType)], nextCursor: null }],
  ];
}

describe('masking', () => {
  it.each(types)('lets no masked value of a %s into any answer to a viewer', (entityType) => {
    const { rest } = records[entityType];
    fc.assert(
      fc.property(secretsOf(entityType), (secrets) => {
        const record = { ...base, ...rest, ...secrets };
        for (const [shown, answer] of answersOf(entityType, record)) {
          const seen = JSON.stringify(maskAnswer('viewer', shown, answer));
          expect(valuesIn(secrets).filter((value) => seen.includes(value.replaceAll('"', '')))).toEqual([]);
          expect(seen).toContain('"masked":');
        }
      }),
    );
  });

  it.each(types)('shows a %s whole to every role that it is not masked for', (entityType) => {
    const { rest } = records[entityType];
    fc.assert(
      fc.property(secretsOf(entityType), (secrets) => {
        for (const role of roles.filter((each) => !(each in masks[entityType])))
          for (const [shown, answer] of answersOf(entityType, { ...base, ...rest, ...secrets }))
            expect(maskAnswer(role, shown, answer)).toEqual(answer);
      }),
      { numRuns: 20 },
    );
  });

  it.each(types)('leaves a masked %s within its contract', (entityType) => {
    const { schema, rest } = records[entityType];
    const [secrets] = fc.sample(secretsOf(entityType), 1);
    const masked = maskAnswer('viewer', entityType, { ...base, ...rest, ...secrets });
    expect(schema.parse(masked)).toEqual(masked);
    expect(masked).toMatchObject({ masked: Object.keys(masks[entityType].viewer) });
  });

  it.each([
    ['a filter by one', { amount: '5' }, ['amount']],
    ['a filter by a part of one', { 'amount.currency': 'USD' }, ['amount']],
    ['an order by one', { sort: 'stage,-amount' }, ['amount']],
    ['a filter by what is shown', { stage: 'won', limit: 5, amount: undefined }, []],
  ])('finds hidden fields in %s', (_what, query, fields) => {
    expect(hiddenInQuery('viewer', 'deal', query)).toEqual(fields);
    expect(hiddenInQuery('manager', 'deal', query)).toEqual([]);
  });

  it('finds the hidden field behind a filter that is named otherwise', () => {
    expect(hiddenInQuery('viewer', 'contact', { email: 'grace@example.com' })).toEqual(['emails']);
    expect(hiddenInQuery('viewer', 'lead', { email: 'grace@example.com' })).toEqual(['email']);
    expect(hiddenInQuery('sales', 'contact', { email: 'grace@example.com' })).toEqual([]);
  });
});
