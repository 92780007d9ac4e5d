import {
  problemSchema,
  type TimelineItem,
  type UnifiedTimeline,
  unifiedTimelineSchema,
} from '@pipedesk/contracts';
import { encodeCursor, timelineBinding } from '@pipedesk/service-kit';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { type Gateway, startGateway } from './start-gateway.ts';
import { buildItem, serveHistory } from './timeline-services.ts';
import { buildPerson } from './tokens.ts';
import { json, refuse } from './upstream.ts';

const kinds = ['note', 'meeting', 'change'] as const;
const person = buildPerson();
const deal = uuidv7();
const items = Array.from({ length: 25 }, (_, index) => buildItem(index, kinds[(index * 7) % 3] ?? 'note'));
const newestFirst = items.map(({ key }) => key).toSorted((a, b) => (a < b ? 1 : -1));
let gateway: Gateway;

beforeEach(async () => {
  gateway = await startGateway({ sourceTimeout: 300 });
  serveHistory(gateway.upstreams, { tenantId: person.tenantId, entityType: 'deal', entityId: deal, items });
});
afterEach(() => gateway.stop());

async function read(query = '', token = person.token): Promise<UnifiedTimeline> {
  const answer = await gateway.get(`/timeline/deal/${deal}?${query}`, token);
  expect(answer.status).toBe(200);
  return unifiedTimelineSchema.parse(await answer.json());
}

async function problem(query = '', token = person.token) {
  const answer = await gateway.get(`/timeline/deal/${deal}?${query}`, token);
  return problemSchema.parse(await answer.json());
}

const statuses = ({ sources }: UnifiedTimeline) =>
  Object.fromEntries(Object.entries(sources).map(([name, { status }]) => [name, status]));
const keys = (some: TimelineItem[]) => some.map(({ key }) => key);

/** Every item, three a page; `beforePage` may break or mend services on the way. */
async function readAll(beforePage: (page: number) => void = () => undefined): Promise<TimelineItem[]> {
  const all: TimelineItem[] = [];
  let cursor: string | null = '';
  for (let page = 0; cursor !== null; page++) {
    beforePage(page);
    const answer: UnifiedTimeline = await read(`limit=3${cursor && `&cursor=${cursor}`}`);
    all.push(...answer.items);
    cursor = answer.nextCursor;
  }
  return all;
}

describe('a timeline', () => {
  it('has the record, what is coming up, a page of the feed, and how each source did', async () => {
    const answer = await read('limit=4');
    expect(answer).toMatchObject({
      entity: { id: deal, name: 'Forty seats' },
      upcoming: [],
      mode: 'projected',
    });
    expect(keys(answer.items)).toEqual(newestFirst.slice(0, 4));
    expect(statuses(answer)).toEqual({ crm: 'ok', timeline: 'ok', 'calendar-sync': 'ok' });
  });

  it("asks every source with the caller's token, address and request id", async () => {
    const headers = { authorization: `Bearer ${person.token}`, 'x-request-id': 'trace-me' };
    await fetch(`${gateway.url}/timeline/deal/${deal}`, { headers });
    for (const service of ['crm', 'timeline', 'calendar-sync'] as const) {
      expect(gateway.upstreams[service].requests[0]?.headers).toMatchObject({
        ...headers,
        'x-forwarded-for': '127.0.0.1',
        traceparent: expect.stringMatching(/^00-/),
      });
    }
  });

  it('asks for the next meetings of this very record', async () => {
    await read();
    const { searchParams } = new URL(gateway.upstreams['calendar-sync'].requests[0]?.url ?? '', gateway.url);
    expect(Object.fromEntries(searchParams)).toMatchObject({
      entityType: 'deal',
      entityId: deal,
      limit: '5',
    });
    expect(Date.parse(searchParams.get('from') ?? '')).toBeGreaterThan(Date.now() - 10_000);
  });

  it('comes without meetings for those who may not read calendars', async () => {
    const viewer = buildPerson({ role: 'viewer', tenantId: person.tenantId });
    const answer = await read('', viewer.token);
    expect(statuses(answer)).toMatchObject({ 'calendar-sync': 'skipped' });
    expect(gateway.upstreams['calendar-sync'].requests).toEqual([]);
  });

  it.each([401, 403, 404])("is refused with %d when crm's answer for the record is that", async (status) => {
    gateway.upstreams.crm.answer(refuse(status, 'as_crm_says'));
    expect(await problem()).toMatchObject({ status, code: 'as_crm_says' });
  });

  it("is not another tenant's: the answer is crm's 404 whatever the other sources would give", async () => {
    gateway.upstreams.crm.answer(refuse(404, 'deal_not_found'));
    gateway.upstreams.timeline.answer(refuse(500));
    expect(await problem('', buildPerson().token)).toMatchObject({ status: 404, code: 'deal_not_found' });
  });

  it.each([
    ['/timeline/note/0', 400],
    [`/timeline/deal/${deal}?limit=101`, 400],
    [`/timeline/deal/${deal}?page=2`, 400],
  ])('answers GET %s with %d', async (path, status) => {
    expect((await gateway.get(path, person.token)).status).toBe(status);
  });

  it('needs a token, and answers other methods with 405', async () => {
    expect((await gateway.get(`/timeline/deal/${deal}`)).status).toBe(401);
    const headers = { authorization: `Bearer ${person.token}` };
    const answer = await fetch(`${gateway.url}/timeline/deal/${deal}`, { method: 'DELETE', headers });
    expect(answer.status).toBe(405);
  });
});

describe('a timeline with a source down', () => {
  it.each([
    ['refuses connections', () => gateway.upstreams.timeline.stop()],
    ['answers 500', () => Promise.resolve(gateway.upstreams.timeline.answer(refuse(500)))],
    ['is silent', () => Promise.resolve(gateway.upstreams.timeline.answer(() => undefined))],
    ['answers nonsense', () => Promise.resolve(gateway.upstreams.timeline.answer(json({ items: 'none' })))],
  ])('comes live, with the same items, when the timeline service %s', async (_, fail) => {
    await fail();
    const answer = await read('limit=100');
    expect(answer).toMatchObject({ mode: 'live', entity: { id: deal }, nextCursor: null });
    expect(keys(answer.items)).toEqual(newestFirst);
    expect(statuses(answer)).toEqual({
      crm: 'ok',
      timeline: 'unavailable',
      'calendar-sync': 'ok',
      audit: 'ok',
    });
  });

  it('does not ask the timeline service again for a while once it has failed often', async () => {
    gateway.upstreams.timeline.answer(refuse(500));
    for (let round = 0; round < 25; round++) await read();
    const asked = gateway.upstreams.timeline.requests.length;
    const answer = await read();
    expect(answer.mode).toBe('live');
    expect(gateway.upstreams.timeline.requests).toHaveLength(asked);
  });

  it('pages alike in both modes, and across them, with nothing lost or doubled', async () => {
    const projected = await readAll();
    expect(keys(projected)).toEqual(newestFirst);
    const { timeline } = gateway.upstreams;
    const restore = () => {
      serveHistory(gateway.upstreams, {
        tenantId: person.tenantId,
        entityType: 'deal',
        entityId: deal,
        items,
      });
    };
    const live = await readAll(() => {
      timeline.answer(refuse(500));
    });
    expect(keys(live)).toEqual(newestFirst);
    const alternating = await readAll((page) => {
      if (page % 2 === 0) timeline.answer(refuse(500));
      else restore();
    });
    expect(keys(alternating)).toEqual(newestFirst);
  });

  it.each([
    ['calendar-sync', 'meeting'],
    ['audit', 'change'],
  ] as const)('live without %s: the items of the others, and it is named', async (service, kind) => {
    gateway.upstreams.timeline.answer(refuse(500));
    await gateway.upstreams[service].stop();
    const answer = await read('limit=100');
    const expected = items.filter((item) => item.kind !== kind).map(({ key }) => key);
    expect(keys(answer.items).toSorted()).toEqual(expected.toSorted());
    expect(answer.sources[service]).toMatchObject({ status: 'unavailable' });
  });

  it("live without crm's feed: crm is named although its record came", async () => {
    const { crm, timeline } = gateway.upstreams;
    timeline.answer(refuse(500));
    crm.answer((req, res) => {
      (req.url?.startsWith('/internal') ? refuse(500) : json({ id: deal }))(req, res);
    });
    const answer = await read('limit=100');
    expect(answer.items.map(({ kind }) => kind)).not.toContain('note');
    expect(answer.sources.crm).toMatchObject({ status: 'unavailable' });
  });

  it('is 503 when nobody can tell any of it', async () => {
    const { crm, timeline, audit, 'calendar-sync': calendar } = gateway.upstreams;
    for (const upstream of [timeline, audit, calendar]) upstream.answer(refuse(500));
    crm.answer((req, res) => {
      (req.url?.startsWith('/internal') ? refuse(500) : json({ id: deal }))(req, res);
    });
    expect(await problem()).toMatchObject({ status: 503, code: 'timeline_unavailable' });
  });

  it('is 503 without crm: nobody else can tell whether the caller may see it', async () => {
    await gateway.upstreams.crm.stop();
    expect(await problem()).toMatchObject({ status: 503, code: 'service_unavailable', service: 'crm' });
  });

  it('comes without upcoming meetings when only calendar-sync is down', async () => {
    await gateway.upstreams['calendar-sync'].stop();
    const answer = await read('limit=100');
    expect(answer).toMatchObject({ mode: 'projected', upcoming: [] });
    expect(keys(answer.items)).toEqual(newestFirst);
    expect(statuses(answer)).toMatchObject({ 'calendar-sync': 'unavailable' });
  });

  it.each(['projected', 'live'])(
    'does not take the cursor of another record or tenant when %s',
    async (mode) => {
      if (mode === 'live') gateway.upstreams.timeline.answer(refuse(500));
      else gateway.upstreams.timeline.answer(refuse(400, 'invalid_cursor'));
      const foreign = [
        encodeCursor(timelineBinding(person.tenantId, 'deal', uuidv7()), newestFirst[3] ?? ''),
        encodeCursor(timelineBinding(uuidv7(), 'deal', deal), newestFirst[3] ?? ''),
        'nonsense',
      ];
      for (const cursor of foreign) {
        expect(await problem(`cursor=${cursor}`)).toMatchObject({ status: 400, code: 'invalid_cursor' });
      }
    },
  );
});
