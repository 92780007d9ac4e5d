import { describe, expect, it } from '@jest/globals';
import { setImmediate as turn } from 'node:timers/promises';
import { createWorkQueue } from './work-queue.ts';

/** A task that runs until it is told to end. */
function buildTask() {
  const { promise, resolve } = Promise.withResolvers<string>();
  const task = { isStarted: false, end: resolve, run: () => ((task.isStarted = true), promise) };
  return task;
}

describe('the work queue', () => {
  it('runs so many at a time, the others in their order', async () => {
    const queue = createWorkQueue({ concurrency: 2, capacity: 10 });
    const tasks = [buildTask(), buildTask(), buildTask(), buildTask()];
    const results = tasks.map(({ run }) => queue(run));
    await turn();
    expect(tasks.map(({ isStarted }) => isStarted)).toEqual([true, true, false, false]);
    tasks[1]?.end('second');
    await turn();
    expect(tasks.map(({ isStarted }) => isStarted)).toEqual([true, true, true, false]);
    for (const { end } of tasks) end('done');
    await expect(Promise.all(results)).resolves.toEqual(['done', 'second', 'done', 'done']);
  });

  it('answers 503 with Retry-After when too many wait, and recovers', async () => {
    const queue = createWorkQueue({ concurrency: 1, capacity: 1 });
    const [running, waiting] = [buildTask(), buildTask()];
    const results = [queue(running.run), queue(waiting.run)];
    await expect(queue(() => Promise.resolve('late'))).rejects.toMatchObject({
      status: 503,
      code: 'login_overloaded',
      options: { headers: { 'Retry-After': '1' } },
    });
    running.end('done');
    waiting.end('done');
    await Promise.all(results);
    await expect(queue(() => Promise.resolve('later'))).resolves.toBe('later');
  });

  it('goes on after a task that fails', async () => {
    const queue = createWorkQueue({ concurrency: 1, capacity: 1 });
    const failing = queue(() => Promise.reject(new Error('broken')));
    const next = queue(() => Promise.resolve('fine'));
    await expect(failing).rejects.toThrow('broken');
    await expect(next).resolves.toBe('fine');
  });
});
