import { type TimelineItem, timelineKey } from '@pipedesk/contracts';
import { decodeCursor, pageFrom, timelineBinding } from '@pipedesk/service-kit';
import { v7 as uuidv7 } from 'uuid';
import type { ServiceName } from '../src/edge/services.ts';
import { json, type Upstream } from './upstream.ts';

type Kind = TimelineItem['kind'];

const owners = {
  note: 'crm',
  task: 'crm',
  meeting: 'calendar-sync',
  change: 'audit',
} as const satisfies Record<Kind, ServiceName>;
const entityTypes = { note: 'note', task: 'task', meeting: 'calendar_event', change: 'deal' } as const;

/** The i-th item of a history, by its kind; every third shares its time with the one after. */
export function buildItem(index: number, kind: Kind): TimelineItem {
  const minute = String(index + (index % 3 === 0 ? 1 : 0)).padStart(2, '0');
  const at = `2026-03-01T09:${minute}:00.000Z`;
  const entityId = uuidv7();
  return {
    key: timelineKey(at, `${entityTypes[kind]}:${entityId}`),
    kind,
    at,
    recordedAt: at,
    source: { entityType: entityTypes[kind], entityId, version: 1 },
    title: `${kind} ${index}`,
    actor: { id: uuidv7(), name: 'Ada' },
  };
}

interface History {
  tenantId: string;
  entityType: string;
  entityId: string;
  items: TimelineItem[];
}

/** Makes servers answer as the services do that hold this history. */
export function serveHistory(upstreams: Record<ServiceName, Upstream>, history: History): void {
  const { tenantId, entityType, entityId } = history;
  const items = history.items.toSorted((a, b) => (a.key < b.key ? 1 : -1));
  const binding = timelineBinding(tenantId, entityType, entityId);
  const rows = (before: string | undefined, some = items) =>
    some.filter(({ key }) => before === undefined || key < before);

  upstreams.timeline.answer((req, res) => {
    const { limit, cursor } = queryOf(req.url);
    const before = cursor === undefined ? undefined : decodeCursor(binding, cursor);
    json(pageFrom(rows(before), Number(limit), binding, ({ key }) => key))(req, res);
  });
  for (const service of new Set(Object.values(owners))) {
    const own = items.filter(({ kind }) => owners[kind] === service);
    const feed = (url: string | undefined) => {
      const { limit, before } = queryOf(url);
      return json({ items: rows(before, own).slice(0, Number(limit)) });
    };
    const others = service === 'crm' ? json({ id: entityId, name: 'Forty seats' }) : json(emptyPage);
    upstreams[service].answer((req, res) => {
      const isFeed = req.url?.startsWith(`/internal/activity/${entityType}/${entityId}?`);
      (isFeed ? feed(req.url) : others)(req, res);
    });
  }
}

const emptyPage = { items: [], nextCursor: null };

function queryOf(url: string | undefined): Record<string, string | undefined> {
  return Object.fromEntries(new URL(url ?? '', 'http://service').searchParams);
}
