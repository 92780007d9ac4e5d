import { describe, expect, it, jest } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogger } from '../logger.ts';
import { createLifecycle } from './lifecycle.ts';

const build = () => createLifecycle(createLogger('test', 'silent'));

describe('a shutdown', () => {
  it('takes its steps one after the other, in the order they were added', async () => {
    const lifecycle = build();
    const order: string[] = [];
    lifecycle.onShutdown('http', async () => {
      await sleep(20);
      order.push('http');
    });
    lifecycle.onShutdown('broker', () => void order.push('broker'));
    lifecycle.onShutdown('database', () => Promise.resolve(order.push('database')));
    await lifecycle.shutdown('SIGTERM');
    expect(order).toEqual(['http', 'broker', 'database']);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('gone');
      },
    ],
    ['rejects', () => Promise.reject(new Error('gone'))],
  ])('goes on behind a step that %s', async (_, step) => {
    const lifecycle = build();
    const last = jest.fn<() => void>();
    lifecycle.onShutdown('http', step);
    lifecycle.onShutdown('database', last);
    await lifecycle.shutdown('SIGTERM');
    expect(last).toHaveBeenCalledTimes(1);
  });

  it('happens once, however often it is asked for, and shows at once', async () => {
    const lifecycle = build();
    const step = jest.fn<() => void>();
    lifecycle.onShutdown('http', step);
    expect(lifecycle.isShuttingDown()).toBe(false);
    const both = [lifecycle.shutdown('SIGTERM'), lifecycle.shutdown('SIGINT')];
    expect(lifecycle.isShuttingDown()).toBe(true);
    await Promise.all(both);
    expect(step).toHaveBeenCalledTimes(1);
  });
});
