import type { ChangeEvent } from '@pipedesk/contracts';
import { setTimeout as sleep } from 'node:timers/promises';

interface QueuedMessage {
  payload: string;
  routing_key: string;
}

/**
 * Takes messages off audit's queue, as they are on the wire, until there are so many different events.
 * The bus delivers at least once: when a replica starts, its sweep may publish what the other is about to.
 * @throws Error when they do not come within 15 s
 */
export async function takeEvents(
  vhost: string,
  count: number,
): Promise<{ raw: string; events: ChangeEvent[] }> {
  const deadline = Date.now() + 15_000;
  const messages: QueuedMessage[] = [];
  const events = new Map<string, ChangeEvent>();
  while (events.size < count) {
    if (Date.now() > deadline) throw new Error(`${events.size} of ${count} events came`);
    for (const message of await takeWhatIsThere(vhost)) {
      messages.push(message);
      const event = JSON.parse(message.payload) as ChangeEvent;
      events.set(event.id, event);
    }
    await sleep(50);
  }
  return {
    raw: messages.map(({ payload }) => payload).join('\n'),
    events: [...events.values()],
  };
}

async function takeWhatIsThere(vhost: string): Promise<QueuedMessage[]> {
  const { username, password, origin } = new URL(process.env.AMQP_MANAGEMENT_URL ?? '');
  const response = await fetch(`${origin}/api/queues/${vhost}/audit.events/get`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${btoa(`${username}:${password}`)}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ count: 100, ackmode: 'ack_requeue_false', encoding: 'auto' }),
  });
  // The queue is declared when the publisher first connects.
  if (response.status === 404) return [];
  if (!response.ok) throw new Error(`the management API answered ${response.status}`);
  return (await response.json()) as QueuedMessage[];
}
