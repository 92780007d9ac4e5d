import { wordsOf, type ChangeEvent } from '@pipedesk/contracts';
import type { AuditClient } from './client.ts';

/** Each documented query, as somebody would ask it who has this event in mind. */
const queries: Record<string, (event: ChangeEvent) => string> = {
  newest: () => '/audit-logs?limit=50',
  entityType: ({ subject }) => `/audit-logs?entityType=${subject.split('/')[0]}`,
  entityId: ({ subject }) => `/audit-logs?entityId=${subject.split('/')[1]}`,
  userId: ({ data }) => `/audit-logs?userId=${data.actor.id}`,
  action: ({ data }) => `/audit-logs?action=${data.action}`,
  field: ({ data }) => `/audit-logs?field=${data.changes[0]?.field ?? 'stage'}`,
  requestId: ({ data }) => `/audit-logs?requestId=${data.context.requestId}`,
  operationId: ({ subject }) => `/audit-logs?operationId=${subject.split('/')[1]}`,
  ip: ({ data }) => `/audit-logs?ip=${data.context.ip}`,
  'from and to': ({ time }) =>
    `/audit-logs?from=${time}&to=${new Date(Date.parse(time) + 7 * 86_400_000).toISOString()}`,
  text: (event) => `/audit-logs?text=${encodeURIComponent(someWords(event))}`,
  'field and userId': ({ data }) => `/audit-logs?field=stage&userId=${data.actor.id}`,
  'text and entityType': (event) =>
    `/audit-logs?entityType=${event.subject.split('/')[0]}&text=${encodeURIComponent(someWords(event))}`,
  'of an entity': ({ subject }) => `/audit-logs/entity/${subject}`,
  'as-of': ({ subject, time }) => `/audit-logs/entity/${subject}/as-of?at=${time}`,
  diff: ({ subject, data }) =>
    `/audit-logs/entity/${subject}/diff?from=${data.version - 1}&to=${data.version}`,
  'of a user': ({ data }) => `/audit-logs/user/${data.actor.id}`,
  'one record': ({ id }) => `/audit-logs/${id}`,
};

function someWords({ data }: ChangeEvent): string {
  return wordsOf(String(data.after?.name)).slice(0, 2).join(' ');
}

export type Timings = Map<string, number[]>;

/** Asks every query about each event, one after the other, and for the next page of the newest. */
export async function askAll(client: AuditClient, events: ChangeEvent[]): Promise<Timings> {
  const timings: Timings = new Map();
  const note = (name: string, took: number) => timings.set(name, [...(timings.get(name) ?? []), took]);
  for (const event of events) {
    for (const [name, path] of Object.entries(queries)) {
      const { took, body } = await client.time(event.tenantid, path(event));
      note(name, took);
      const { nextCursor } = body as { nextCursor?: string | null };
      if (name !== 'newest' || !nextCursor) continue;
      const next = `/audit-logs?limit=50&cursor=${encodeURIComponent(nextCursor)}`;
      note('next page', (await client.time(event.tenantid, next)).took);
    }
  }
  return timings;
}
