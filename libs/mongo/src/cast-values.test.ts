import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import mongoose from 'mongoose';
import { createAuditedModel } from './audited-model.ts';
import { castFields, castValues } from './cast-values.ts';
import { createOutbox } from './outbox.ts';

const fieldTypes = {
  name: { type: String, required: true },
  stage: { type: String, enum: ['new', 'won'], default: null },
  code: { type: String, uppercase: true, default: null },
  probability: { type: Number, required: true, min: 0, max: 100 },
  isOpen: { type: Boolean, default: null },
  dueAt: { type: Date, default: null },
  amount: { type: Object, default: null },
  tags: { type: [String], default: [] },
  emails: [{ _id: false, address: { type: String, required: true }, label: { type: String, default: null } }],
};
const connection = mongoose.createConnection();
// Never opened: else the model waits for it, to make its collection.
connection.set('autoCreate', false);
connection.set('autoIndex', false);
const model = createAuditedModel({
  connection,
  outbox: createOutbox(),
  entityType: 'deal',
  collection: 'deals',
  fields: fieldTypes,
});

/** Fails where a field needs a document after all. */
const withoutDocuments = new Proxy(model, {
  construct: () => {
    throw new Error('a document');
  },
});

const text = fc.constantFrom('', 'new', '12', 'true', '2026-03-01', '2026-03-01T09:30:00+02:00', 'x');
const leaf = fc.oneof(text, fc.integer({ min: -5, max: 105 }), fc.boolean(), fc.constant(null), fc.date());
const members = fc.dictionary(
  fc.constantFrom('amount', 'currency', 'note', 'address', 'label'),
  fc.oneof(leaf, fc.constant(undefined)),
);
const value = fc.oneof(leaf, members, fc.array(fc.oneof(text, members), { maxLength: 3 }));
const fields = fc.dictionary(fc.constantFrom(...Object.keys(fieldTypes), 'unknown'), value, { maxKeys: 3 });

async function outcomeOf(cast: Promise<Record<string, unknown>>) {
  return cast.then(
    (values) => ({ values }),
    ({ name, message }: Error) => ({ refused: { name, message } }),
  );
}

/** What a document of mongoose makes of the values, which is what creating makes of them. */
async function byDocument(values: Record<string, unknown>) {
  const document = await castValues(model, values, Object.keys(values));
  return Object.fromEntries(Object.keys(values).map((field) => [field, document[field] ?? null]));
}

describe('casting some fields', () => {
  it('gives what a document gives, and refuses what it refuses', async () => {
    await fc.assert(
      fc.asyncProperty(fields, async (values) => {
        expect(await outcomeOf(castFields(model, values))).toStrictEqual(await outcomeOf(byDocument(values)));
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['a text', { name: 12 }, { name: '12' }],
    ['a number', { probability: '50' }, { probability: 50 }],
    ['a flag', { isOpen: 'true' }, { isOpen: true }],
    ['a time', { dueAt: '2026-03-01T09:30:00.000Z' }, { dueAt: new Date('2026-03-01T09:30:00.000Z') }],
    ['an object', { amount: { amount: 1, note: undefined } }, { amount: { amount: 1 } }],
    ['nothing', { amount: null, dueAt: null }, { amount: null, dueAt: null }],
    ['no field at all', {}, {}],
  ])('needs no document for %s', async (_, values, cast) => {
    expect(await castFields(withoutDocuments, values)).toStrictEqual(cast);
  });

  it.each([
    ['a setter', { code: 'abc' }, { code: 'ABC' }],
    ['a list', { tags: ['a', 1] }, { tags: ['a', '1'] }],
    ['defaults inside', { emails: [{ address: 'a@b' }] }, { emails: [{ address: 'a@b', label: null }] }],
  ])('has a document carry out %s', async (_, values, cast) => {
    expect(await castFields(model, values)).toStrictEqual(cast);
  });

  it.each([
    ['a missing value', { name: null }, 'ValidationError'],
    ['a value out of bounds', { probability: -1 }, 'ValidationError'],
    ['a value of another type', { dueAt: 'soon' }, 'ValidationError'],
    ['a value not listed', { stage: 'lost' }, 'ValidationError'],
    ['an unknown field', { nope: 1 }, 'StrictModeError'],
    ['one wrong among right ones', { name: 'a', probability: 101 }, 'ValidationError'],
  ])('refuses %s', async (_, values, name) => {
    await expect(castFields(model, values)).rejects.toMatchObject({ name });
  });

  it('leaves what it was given alone', async () => {
    const amount = { amount: 1, parts: [{ of: 'it' }] };
    const cast = await castFields(model, { amount });
    expect(cast.amount).toStrictEqual(amount);
    expect(cast.amount).not.toBe(amount);
  });
});
