import { describe, expect, it } from '@jest/globals';
import type { ChangeEvent } from '@pipedesk/contracts';
import { createLogger } from '@pipedesk/service-kit';
import { buildEvent } from '@pipedesk/testing';
import type { ConsumeMessage } from 'amqplib';
import { setImmediate as turn } from 'node:timers/promises';
import { createConsumerSession, type Rejection } from './consumer-session.ts';
import { encodeEvent } from './message.ts';

const size = 5;

/** A session of two batches at once, and what it was told to store, to be answered by hand. */
function startSession() {
  const batches: { events: ChangeEvent[]; end: PromiseWithResolvers<Rejection[]> }[] = [];
  const acknowledged: ConsumeMessage[] = [];
  let drops = 0;
  const session = createConsumerSession({
    channel: {
      ack: (message) => void acknowledged.push(message as ConsumeMessage),
      nackAll: () => undefined,
      cancel: () => Promise.resolve({ consumerTag: '' }),
      publish: () => true,
    },
    queue: 'audit.events',
    handle: (events) => {
      const end = Promise.withResolvers<Rejection[]>();
      batches.push({ events, end });
      return end.promise;
    },
    isTransient: () => false,
    log: createLogger('session', 'silent'),
    metrics: {
      processed: () => undefined,
      failed: { inc: () => undefined },
      redelivered: { inc: () => undefined },
      deadLettered: { inc: () => undefined },
    },
    drop: () => void drops++,
    batches: { size, atOnce: 2 },
  });
  return { session, batches, acknowledged, drops: () => drops };
}

function messages(count: number): ConsumeMessage[] {
  return Array.from({ length: count }, () => {
    const { content, options } = encodeEvent(buildEvent());
    return { content, properties: options, fields: {} } as unknown as ConsumeMessage;
  });
}

async function startTwo() {
  const started = startSession();
  const all = messages(1 + size);
  for (const message of all) started.session.receive(message);
  await turn();
  const [first, second] = started.batches;
  if (!first || !second) throw new Error(`${started.batches.length} batches were begun`);
  return { ...started, all, first, second };
}

describe('a batch', () => {
  it('is all that arrived together', async () => {
    const { session, batches } = startSession();
    for (const message of messages(size)) session.receive(message);
    await turn();
    expect(batches.map(({ events }) => events.length)).toEqual([size]);
  });
});

describe('batches that are stored at once', () => {
  it('are begun beside each other, no more than told', async () => {
    const { session, batches, first, second } = await startTwo();
    for (const message of messages(3 * size)) session.receive(message);
    await turn();
    expect(batches.length).toBe(2);
    expect(first.events.length + second.events.length).toBeLessThanOrEqual(1 + size);
    first.end.resolve([]);
    await turn();
    expect(batches.length).toBe(3);
  });

  it('are acknowledged in their order, whichever is stored first', async () => {
    const { acknowledged, first, second } = await startTwo();
    second.end.resolve([]);
    await turn();
    expect(acknowledged).toEqual([]);
    first.end.resolve([]);
    await turn();
    expect(acknowledged.map(({ properties }) => String(properties.messageId))).toEqual([
      first.events.at(-1)?.id,
      second.events.at(-1)?.id,
    ]);
  });

  it('are not acknowledged once the connection is gone', async () => {
    const { session, acknowledged, first, second } = await startTwo();
    second.end.resolve([]);
    session.abandon();
    first.end.resolve([]);
    await turn();
    expect(acknowledged).toEqual([]);
  });

  it('are all finished before the session is', async () => {
    const { session, all, batches, acknowledged } = await startTwo();
    let isFinished = false;
    const finishing = session.finish().then(() => (isFinished = true));
    for (let done = 0; done < batches.length; done++) {
      expect(isFinished).toBe(false);
      batches[done]?.end.resolve([]);
      await turn();
    }
    await finishing;
    expect(acknowledged.at(-1)).toBe(all.at(-1));
  });
});
