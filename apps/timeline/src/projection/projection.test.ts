import { describe, expect, it } from '@jest/globals';
import { eventKey } from '@pipedesk/contracts';
import { buildEvent } from '@pipedesk/testing';
import { v7 as uuidv7 } from 'uuid';
import { projectEvent } from './projection.ts';

describe('the projection of an event', () => {
  it('is an item a place, named by place and source', () => {
    const companyId = uuidv7();
    const event = buildEvent({ links: [{ entityType: 'company', entityId: companyId }] });
    const [, dealId] = event.subject.split('/');
    const { items } = projectEvent(event);
    const source = `deal:${dealId}:000000001`;
    expect(items.map(({ _id }) => _id)).toEqual([`${dealId}~${source}`, `${companyId}~${source}`]);
    expect(items[0]).toMatchObject({
      tenantId: event.tenantid,
      entityId: dealId,
      version: 1,
      deleted: false,
    });
  });

  it('carries the record’s owner and whether it is there', () => {
    const owner = { ownerId: uuidv7(), teamId: uuidv7() };
    const created = projectEvent(buildEvent({ after: { name: 'x', ...owner } }));
    expect(created.entity).toMatchObject({ ...owner, entityType: 'deal', deleted: false });
    const removal = buildEvent({ version: 2, action: 'deleted', before: owner, after: null });
    expect(projectEvent(removal).entity).toMatchObject({ ...owner, version: 2, deleted: true });
  });

  it('is nothing for records without a timeline', () => {
    expect(projectEvent(buildEvent({ entityType: 'import' }))).toEqual({ items: [], entity: undefined });
  });

  it('sorts the tenth version of a millisecond after its ninth', () => {
    const time = '2026-03-01T09:30:00.000Z';
    const keys = [9, 10].map((version) => eventKey({ time, subject: 'deal/1', data: { version } }));
    expect(keys).toEqual(keys.toSorted());
  });
});
