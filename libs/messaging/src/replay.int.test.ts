import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ChangeEvent } from '@pipedesk/contracts';
import { createLogger, createMetrics } from '@pipedesk/service-kit';
import { buildEvent, eventually, openTestBus, type TestBus } from '@pipedesk/testing';
import { createConsumer } from './consumer.ts';
import { type DeadLetter, replayDeadLetters } from './replay.ts';

const log = createLogger('messaging', 'silent');
const queue = 'audit.events';
let bus: TestBus;
let events: ChangeEvent[];

/** Three events that a consumer has refused. */
beforeEach(async () => {
  bus = await openTestBus();
  events = [buildEvent(), buildEvent({ version: 2 }), buildEvent()];
  const handle = (some: ChangeEvent[]) =>
    Promise.resolve(some.map((event) => ({ event, reason: 'bad day' })));
  const metrics = createMetrics('test');
  const consumer = createConsumer({ url: bus.url, queue, log, metrics, handle, isTransient: () => false });
  await eventually(() => expect(consumer.isConnected()).toBe(true));
  await bus.publish(...events);
  await eventually(async () => expect(await bus.depth(`${queue}.dead`)).toBe(3));
  await consumer.close();
});
afterEach(() => bus.close());

const depths = () => Promise.all([bus.depth(queue), bus.depth(`${queue}.dead`)]);

describe('replaying dead letters', () => {
  it('puts them back as they were, without what told of their death', async () => {
    expect(await replayDeadLetters({ url: bus.url, queue })).toEqual({ seen: 3, replayed: 3 });
    await eventually(async () => expect(await depths()).toEqual([3, 0]));
    const back = await bus.take(queue, 3);
    expect(back.map(({ content }) => JSON.parse(content) as unknown)).toEqual(events);
    expect(back.flatMap(({ headers }) => Object.keys(headers))).toEqual([]);
  });

  it('only lists them in a dry run', async () => {
    const listed: DeadLetter[] = [];
    const onLetter = (letter: DeadLetter) => listed.push(letter);
    expect(await replayDeadLetters({ url: bus.url, queue, dryRun: true, onLetter })).toEqual({
      seen: 3,
      replayed: 3,
    });
    expect(listed.map(({ type, reason }) => [type, reason])).toEqual(
      events.map(({ type }) => [type, 'bad day']),
    );
    await eventually(async () => expect(await depths()).toEqual([0, 3]));
  });

  it('leaves those that do not match', async () => {
    const matches = ({ type }: DeadLetter) => type === 'crm.deal.updated';
    expect(await replayDeadLetters({ url: bus.url, queue, matches })).toEqual({ seen: 3, replayed: 1 });
    await eventually(async () => expect(await depths()).toEqual([1, 2]));
  });

  it('stops when it is interrupted, and the next run goes on', async () => {
    const stop = new AbortController();
    const onLetter = () => {
      stop.abort();
    };
    const first = await replayDeadLetters({ url: bus.url, queue, signal: stop.signal, onLetter });
    expect(first.replayed).toBe(1);
    await eventually(async () => expect(await depths()).toEqual([1, 2]));
    expect((await replayDeadLetters({ url: bus.url, queue })).replayed).toBe(2);
  });
});
