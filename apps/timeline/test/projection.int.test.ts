import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ChangeEvent, type Link, placeEvent, type TimelineItem } from '@pipedesk/contracts';
import { buildEvent } from '@pipedesk/testing';
import { v7 as uuidv7 } from 'uuid';
import { buildDeal, buildMeeting, buildNote, buildTask, buildVersions, permutations } from './histories.ts';
import { startTimeline, type TestTimeline } from './start-timeline.ts';

let timeline: TestTimeline;
beforeAll(async () => {
  timeline = await startTimeline();
});
afterAll(() => timeline.stop());

async function itemsOf(tenantId: string, entityType: string, entityId: string): Promise<TimelineItem[]> {
  const { status, body } = await timeline.get(`/timeline/${entityType}/${entityId}?limit=100`, { tenantId });
  expect(status).toBe(200);
  return body.items as TimelineItem[];
}
const link = (entityType: 'deal' | 'company' | 'contact', entityId: string): Link => ({
  entityType,
  entityId,
});
const reason = 'x-pipedesk-reason';

describe('changes', () => {
  it('become one item each, however often they come', async () => {
    const { tenantId, dealId, created } = buildDeal();
    const changes = [{ field: 'stage', before: 'prospecting', after: 'won' }];
    const moved = buildEvent({ tenantId, entityId: dealId, version: 2, changes });
    await timeline.project(created, moved, created, moved);
    await timeline.project(moved, created);
    const items = await itemsOf(tenantId, 'deal', dealId);
    expect(items).toEqual([placeEvent(moved)?.item, placeEvent(created)?.item]);
    expect(items[0]).toMatchObject({ kind: 'change', title: 'deal updated: Forty seats', changes });
  });

  it.each(['company', 'contact'] as const)('of a deal stand on its %s too', async (entityType) => {
    const { tenantId, created } = buildDeal();
    const other = buildEvent({ tenantId, entityType, time: '2026-01-01T00:00:00.000Z' });
    const otherId = other.subject.split('/')[1] ?? '';
    const placed = { ...created, data: { ...created.data, links: [link(entityType, otherId)] } };
    await timeline.project(placed, other);
    const items = await itemsOf(tenantId, entityType, otherId);
    expect(items).toEqual([placeEvent(placed)?.item, placeEvent(other)?.item]);
  });
});

describe('what was erased', () => {
  const erased = (event: ChangeEvent, data: Partial<ChangeEvent['data']>): ChangeEvent => ({
    ...event,
    erasureid: uuidv7(),
    data: { ...event.data, ...data },
  });
  const changes = [{ field: 'name', before: 'Ann', after: 'Ann Lee' }];

  it.each([0, 1, 2, 3, 4, 5])(
    'is gone from a change in order %i of delivery, and newer ones stay',
    async (order) => {
      const { tenantId, dealId, created } = buildDeal();
      const renamed = buildEvent({
        tenantId,
        entityId: dealId,
        version: 2,
        changes,
        after: { name: 'Ann Lee' },
      });
      const later = buildEvent({ tenantId, entityId: dealId, version: 3, after: { name: 'Forty seats' } });
      const left = erased(renamed, {
        after: { name: null },
        changes: [{ field: 'name', before: null, after: null }],
      });
      for (const event of permutations([renamed, left, later])[order] ?? []) await timeline.project(event);
      await timeline.project(created);
      const items = await itemsOf(tenantId, 'deal', dealId);
      expect(JSON.stringify(items)).not.toContain('Ann');
      expect(items.map(({ title }) => title)).toEqual([
        'deal updated: Forty seats',
        'deal updated: [erased]',
        expect.stringContaining('deal created'),
      ]);
    },
  );

  it('is gone from a note until somebody writes it anew', async () => {
    const { tenantId, dealId, created } = buildDeal();
    const versions = ['Met Ann Lee', 'Met her'].map((text) => ({
      snapshot: buildNote(dealId, text),
      links: [link('deal', dealId)],
    }));
    const [first, second] = buildVersions('note', { tenantId, versions }) as [ChangeEvent, ChangeEvent];
    const left = erased(first, { after: { ...first.data.after, text: null, authorName: null } });
    await timeline.project(created, first, left, first);
    expect(await itemsOf(tenantId, 'deal', dealId)).toContainEqual(
      expect.objectContaining({
        kind: 'note',
        text: '[erased]',
        actor: expect.objectContaining({ name: '[erased]' }),
      }),
    );
    await timeline.project(second, left);
    expect(await itemsOf(tenantId, 'deal', dealId)).toContainEqual(
      expect.objectContaining({ kind: 'note', text: 'Met her' }),
    );
  });

  it('takes a meeting off its timelines when not even its time is left', async () => {
    const { tenantId, dealId, created } = buildDeal();
    const versions = [{ snapshot: buildMeeting([link('deal', dealId)]), links: [link('deal', dealId)] }];
    const [meeting] = buildVersions('calendar_event', { tenantId, versions }) as [ChangeEvent];
    await timeline.project(created, meeting);
    expect(await itemsOf(tenantId, 'deal', dealId)).toHaveLength(2);
    await timeline.project(
      erased(meeting, { after: { ...meeting.data.after, startsAt: null, title: null } }),
      meeting,
    );
    expect((await itemsOf(tenantId, 'deal', dealId)).map(({ kind }) => kind)).toEqual(['change']);
  });
});

describe('notes', () => {
  it.each([0, 1, 2, 3, 4, 5])('end as their newest version in order %i of delivery', async (order) => {
    const { tenantId, dealId, created } = buildDeal();
    const links = [link('deal', dealId)];
    const versions = ['first', 'second', 'third'].map((text) => ({
      snapshot: buildNote(dealId, text),
      links,
    }));
    const events = buildVersions('note', { tenantId, versions });
    for (const event of permutations(events)[order] ?? []) await timeline.project(event);
    await timeline.project(created);
    const [note, ...rest] = await itemsOf(tenantId, 'deal', dealId);
    expect(note).toMatchObject({ kind: 'note', text: 'third', source: { version: 3 } });
    expect(rest.map(({ kind }) => kind)).toEqual(['change']);
  });

  it('end as their newest version when one batch holds them all, reversed and twice', async () => {
    const { tenantId, dealId, created } = buildDeal();
    const versions = Array.from({ length: 30 }, (_, index) => ({
      snapshot: buildNote(dealId, `text ${index + 1}`),
      links: [link('deal', dealId)],
    }));
    const events = buildVersions('note', { tenantId, versions }).reverse();
    await timeline.project(...events, created, ...events);
    const [note] = await itemsOf(tenantId, 'deal', dealId);
    expect(note).toMatchObject({ text: 'text 30' });
  });

  it.each([0, 1])('stand where they point last, in order %i of delivery', async (order) => {
    const { tenantId, dealId, created } = buildDeal();
    const contact = buildEvent({ tenantId, entityType: 'contact', time: created.time });
    const contactId = contact.subject.split('/')[1] ?? '';
    const [here, there] = [link('deal', dealId), link('contact', contactId)];
    const moved = { ...buildNote(contactId, 'moved'), entityType: 'contact' };
    const events = buildVersions('note', {
      tenantId,
      versions: [
        { snapshot: buildNote(dealId, 'moved'), links: [here] },
        { snapshot: moved, links: [here, there] },
      ],
    });
    await timeline.project(created, contact);
    for (const event of permutations(events)[order] ?? []) await timeline.project(event);
    expect((await itemsOf(tenantId, 'deal', dealId)).map(({ kind }) => kind)).toEqual(['change']);
    const [note] = await itemsOf(tenantId, 'contact', contactId);
    expect(note).toMatchObject({ kind: 'note', text: 'moved', source: { version: 2 } });
  });

  it.each([0, 1])('disappear once deleted, in order %i of delivery', async (order) => {
    const { tenantId, dealId, created } = buildDeal();
    const version = { snapshot: buildNote(dealId, 'gone soon'), links: [link('deal', dealId)] };
    const versions = [version, { ...version, action: 'deleted' as const }];
    const events = buildVersions('note', { tenantId, versions });
    await timeline.project(created);
    for (const event of permutations(events)[order] ?? []) await timeline.project(event);
    expect((await itemsOf(tenantId, 'deal', dealId)).map(({ kind }) => kind)).toEqual(['change']);
  });
});

describe('tasks', () => {
  it.each([0, 1, 2, 3, 4, 5])(
    'are one item where they were set down, as their newest version, in order %i of delivery',
    async (order) => {
      const { tenantId, dealId, created } = buildDeal();
      const links = [link('deal', dealId)];
      const done = { status: 'done', doneAt: '2026-03-02T08:00:00.000Z' };
      const versions = [{}, { dueAt: null }, { dueAt: '2026-04-01T08:00:00.000Z', ...done }];
      const events = buildVersions('task', {
        tenantId,
        versions: versions.map((fields) => ({ snapshot: buildTask(dealId, fields), links })),
      });
      await timeline.project(created);
      for (const event of permutations(events)[order] ?? []) await timeline.project(event);
      const [task, ...rest] = await itemsOf(tenantId, 'deal', dealId);
      expect(task).toMatchObject({
        kind: 'task',
        title: 'Call back',
        at: events[0]?.time,
        source: { version: 3 },
        task: { priority: 'normal', dueAt: '2026-04-01T08:00:00.000Z', ...done },
      });
      expect(rest.map(({ kind }) => kind)).toEqual(['change']);
    },
  );

  it.each([
    ['deleted', (dealId: string) => ({ snapshot: buildTask(dealId), action: 'deleted' as const })],
    ['about nothing any more', () => ({ snapshot: buildTask(null) })],
  ])('disappear once they are %s, in both orders of delivery', async (_what, last) => {
    for (const order of [0, 1]) {
      const { tenantId, dealId, created } = buildDeal();
      const links = [link('deal', dealId)];
      const versions = [
        { snapshot: buildTask(dealId), links },
        { ...last(dealId), links },
      ];
      const events = buildVersions('task', { tenantId, versions });
      await timeline.project(created);
      for (const event of permutations(events)[order] ?? []) await timeline.project(event);
      expect((await itemsOf(tenantId, 'deal', dealId)).map(({ kind }) => kind)).toEqual(['change']);
    }
  });
});

describe('meetings', () => {
  it.each([0, 1, 2, 3, 4, 5])(
    'stand where their links point last, in order %i of delivery',
    async (order) => {
      const { tenantId, dealId, created } = buildDeal();
      const other = buildEvent({ tenantId, time: created.time });
      const otherId = other.subject.split('/')[1] ?? '';
      const [here, there] = [[link('deal', dealId)], [link('deal', otherId)]];
      const events = buildVersions('calendar_event', {
        tenantId,
        versions: [
          { snapshot: buildMeeting(here), links: here },
          { snapshot: buildMeeting(here, { title: 'Renamed' }), links: here },
          { snapshot: buildMeeting(there, { title: 'Moved' }), links: [...here, ...there] },
        ],
      });
      await timeline.project(created, other);
      for (const event of permutations(events)[order] ?? []) await timeline.project(event);
      expect((await itemsOf(tenantId, 'deal', dealId)).map(({ kind }) => kind)).toEqual(['change']);
      const [meeting] = await itemsOf(tenantId, 'deal', otherId);
      expect(meeting).toMatchObject({ kind: 'meeting', title: 'Moved', meeting: { location: 'Room 1' } });
    },
  );

  it('move within the timeline when their start moves', async () => {
    const { tenantId, dealId, created } = buildDeal();
    const links = [link('deal', dealId)];
    const startsAt = '2026-02-01T08:00:00.000Z';
    const events = buildVersions('calendar_event', {
      tenantId,
      versions: [
        { snapshot: buildMeeting(links), links },
        { snapshot: buildMeeting(links, { startsAt }), links },
      ],
    });
    await timeline.project(created, ...events);
    const items = await itemsOf(tenantId, 'deal', dealId);
    expect(items.map(({ kind }) => kind)).toEqual(['change', 'meeting']);
    expect(items[1]?.at).toBe(startsAt);
  });
});

describe('what is no change of this tenant', () => {
  it('goes to the dead letters when its tenant is not its record’s', async () => {
    const { tenantId, dealId, created } = buildDeal();
    await timeline.project(created);
    const forged = buildEvent({ tenantId: uuidv7(), entityId: dealId, version: 2 });
    const links = [link('deal', dealId)];
    const [planted] = buildVersions('note', {
      tenantId: uuidv7(),
      versions: [{ snapshot: buildNote(dealId, 'planted'), links }],
    });
    await timeline.project(forged, planted ?? forged);
    const dead = await timeline.bus.take('timeline.events.dead', 2);
    for (const { headers } of dead) expect(headers[reason]).toContain('another tenant');
    expect(await itemsOf(tenantId, 'deal', dealId)).toEqual([placeEvent(created)?.item]);
  });

  it.each([
    ['bytes that are no JSON', 'no json', 'crm.deal.updated', 'not JSON'],
    [
      'an event under the type of another',
      JSON.stringify(buildEvent()),
      'crm.note.created',
      'the message says',
    ],
    [
      'a note that is none',
      JSON.stringify(buildEvent({ entityType: 'note', links: [link('deal', uuidv7())] })),
      'crm.note.created',
      'no valid note',
    ],
  ])('goes to the dead letters with the reason: %s', async (_what, content, type, expected) => {
    await timeline.bus.publishRaw(content, type);
    const [dead] = await timeline.bus.take('timeline.events.dead', 1);
    expect(dead?.headers[reason]).toContain(expected);
    const { tenantId, dealId, created } = buildDeal();
    await timeline.project(created);
    expect(await itemsOf(tenantId, 'deal', dealId)).toHaveLength(1);
  });
});
