import { describe, expect, it } from '@jest/globals';
import { placeEvent } from '@pipedesk/contracts';
import { buildEvent } from '@pipedesk/testing';
import mongoose from 'mongoose';
import { v7 as uuidv7 } from 'uuid';
import { buildDealHistory } from '../../test/deal-events.ts';
import { createAuditLogModels } from '../audit-logs/audit-log.model.ts';
import { eventOfLog } from '../audit-logs/audit-record.ts';
import { logOfEvent } from './log-of-event.ts';
import { payloadHash } from './payload-hash.ts';

const receivedAt = new Date('2026-03-01T10:00:00.000Z');
const models = createAuditLogModels(mongoose.createConnection());
const lead = { status: 'working', ownerId: uuidv7(), source: 'web' };

describe('the log of an event', () => {
  it('holds the event whole', () => {
    for (const event of [...buildDealHistory(3), { ...buildEvent(), traceparent: '00-1-2-01' }])
      expect(eventOfLog(logOfEvent(event, receivedAt))).toEqual(event);
  });

  it('keeps what a lead or deal was like at the time, and after its deletion as it was', () => {
    const changed = logOfEvent(
      buildEvent({ entityType: 'lead', after: { ...lead, name: 'Ann' } }),
      receivedAt,
    );
    expect(changed).toMatchObject({ kind: 'lead', lead, ownerId: lead.ownerId });
    const removed = buildEvent({
      entityType: 'lead',
      version: 2,
      action: 'deleted',
      before: lead,
      after: null,
    });
    expect(logOfEvent(removed, receivedAt)).toMatchObject({ kind: 'lead', lead, ownerId: lead.ownerId });
    expect(logOfEvent(buildEvent({ entityType: 'deal' }), receivedAt).kind).toBe('other');
  });

  it('fits the mongoose types that read it', async () => {
    const [created] = buildDealHistory(1);
    const logs = [
      [models.deal, logOfEvent(created ?? buildEvent(), receivedAt)],
      [models.lead, logOfEvent(buildEvent({ entityType: 'lead', after: lead }), receivedAt)],
      [models.all, logOfEvent(buildEvent({ entityType: 'company' }), receivedAt)],
    ] as const;
    // strict: 'throw' refuses fields the schema does not know.
    for (const [model, log] of logs) await expect(new model(log).validate()).resolves.toBeUndefined();
  });

  it('finds a nested change by its parents too, and creations by no field', () => {
    const changes = [{ field: 'amount.amount', before: 1, after: 2 }];
    expect(logOfEvent(buildEvent({ version: 2, changes }), receivedAt).fields).toEqual([
      'amount',
      'amount.amount',
    ]);
    expect(logOfEvent(buildEvent({ changes }), receivedAt).fields).toEqual([]);
  });

  it('stands where its change item stands, and notes, tasks and meetings nowhere', () => {
    const links = [{ entityType: 'company' as const, entityId: uuidv7() }];
    const event = buildEvent({ links });
    expect(logOfEvent(event, receivedAt).places).toEqual(placeEvent(event)?.places.map((p) => p.entityId));
    for (const entityType of ['note', 'task', 'calendar_event'] as const)
      expect(logOfEvent(buildEvent({ entityType, links }), receivedAt).places).toEqual([]);
    expect(logOfEvent(buildEvent({ entityType: 'session' }), receivedAt).places).toEqual([]);
  });
});

describe('the payload hash', () => {
  const event = buildEvent({ after: { list: [1, 2] } });

  it('does not depend on the order of members', () => {
    const reversed = Object.fromEntries(Object.entries(event).reverse()) as typeof event;
    expect(payloadHash(reversed)).toBe(payloadHash(event));
  });

  it.each([
    ['tenant', { tenantid: uuidv7() }],
    ['source', { source: '/elsewhere' }],
    ['a value', { data: { ...event.data, after: { name: 'Other' } } }],
    ['the actor', { data: { ...event.data, actor: { ...event.data.actor, name: 'Other' } } }],
    ['the order of a list', { data: { ...event.data, after: { list: [2, 1] } } }],
  ])('changes with %s', (_what, difference) => {
    expect(payloadHash({ ...event, ...difference })).not.toBe(payloadHash(event));
  });
});
