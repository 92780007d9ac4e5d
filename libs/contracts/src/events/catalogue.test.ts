import { describe, expect, it } from '@jest/globals';
import { InvalidEvent, parseChangeEvent } from './catalogue.ts';

const id = '0198c0de-0000-7000-8000-000000000001';

/** An event as it comes off the bus, with a snapshot of any form. */
function received(after: unknown): Record<string, unknown> {
  const actor = { type: 'user', id, name: 'Sam', role: 'sales' };
  const nowhere = { ip: null, userAgent: null, requestId: null, apiKeyId: null, operationId: null };
  const context = { ...nowhere, source: 'crm' };
  return {
    specversion: '1.0',
    id: `deal:${id}:1`,
    type: 'crm.deal.created',
    source: '/crm',
    subject: `deal/${id}`,
    time: '2026-03-01T09:30:00.000Z',
    tenantid: id,
    datacontenttype: 'application/json',
    data: { version: 1, action: 'created', before: null, after, changes: [], actor, context, links: [] },
  };
}

describe('the snapshots of an event', () => {
  it.each([{}, { name: 'A', amount: { amount: 1, currency: 'USD' }, list: [null, { a: true }] }, null])(
    'are taken whole: %j',
    (after) => {
      expect(parseChangeEvent(received(after)).data.after).toEqual(after);
    },
  );

  it.each(['text', 7, true, ['list'], new Date(0)])('are records or nothing: not %j', (after) => {
    const parse = () => parseChangeEvent(received(after));
    expect(parse).toThrow('event does not match the contract: data.after: must be a record');
  });

  it('lose a member that would be the prototype of what copies them', () => {
    const after: unknown = JSON.parse('{ "name": "A", "__proto__": { "hostile": true } }');
    const { data } = parseChangeEvent(received(after));
    expect(Object.keys(data.after ?? {})).toEqual(['name']);
  });
});

describe('an event', () => {
  it.each([
    ['its subject', { subject: 'planet/1' }],
    ['its id', { id: `deal:${id}:2` }],
    ['its type', { type: 'crm.lead.created' }],
  ])('that names another record by %s is refused', (_what, difference) => {
    const parse = () => parseChangeEvent({ ...received({}), ...difference });
    expect(parse).toThrow(InvalidEvent);
  });
});
