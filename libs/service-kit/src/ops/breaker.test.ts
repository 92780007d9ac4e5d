import { describe, expect, it, jest } from '@jest/globals';
import { badRequest, unavailable } from '../http/problem.ts';
import { createBreaker } from './breaker.ts';
import { createMetrics } from './metrics.ts';

const calls = async (count: number, fire: () => Promise<unknown>) => {
  for (let n = 0; n < count; n++) await fire().catch(() => undefined);
};

function build(call: (signal: AbortSignal) => Promise<unknown>, timeout = 1000) {
  const metrics = createMetrics('test');
  const tried = jest.fn(call);
  const breaker = createBreaker((signal) => tried(signal), { name: 'crm', timeout, metrics });
  return { breaker, tried, gauge: () => metrics.getSingleMetricAsString('pipedesk_breaker_open') };
}

describe('a breaker', () => {
  it('opens when calls keep failing: it then refuses without trying, and says so in its gauge', async () => {
    const { breaker, tried, gauge } = build(() => Promise.reject(unavailable('down')));
    expect(await gauge()).toMatch(/\} 0$/m);
    await calls(20, breaker.fire);
    expect(breaker.isOpen()).toBe(true);
    const before = tried.mock.calls.length;
    await expect(breaker.fire()).rejects.toThrow();
    expect(tried).toHaveBeenCalledTimes(before);
    expect(await gauge()).toMatch(/\} 1$/m);
  });

  it('stays closed on a few failures, and on any number of answers that are the caller’s fault', async () => {
    const few = build(() => Promise.reject(unavailable('down')));
    await calls(10, few.breaker.fire);
    expect(few.breaker.isOpen()).toBe(false);
    const faulty = build(() => Promise.reject(badRequest('wrong')));
    await calls(60, faulty.breaker.fire);
    expect(faulty.breaker.isOpen()).toBe(false);
    await expect(faulty.breaker.fire()).rejects.toMatchObject({ status: 400 });
  });

  it('closes again after a call that goes well', async () => {
    let isDown = true;
    const { breaker } = build(() => (isDown ? Promise.reject(unavailable('down')) : Promise.resolve('fine')));
    jest.useFakeTimers();
    try {
      await calls(20, breaker.fire);
      expect(breaker.isOpen()).toBe(true);
      isDown = false;
      jest.advanceTimersByTime(5_001);
    } finally {
      jest.useRealTimers();
    }
    expect(await breaker.fire()).toBe('fine');
    expect(breaker.isOpen()).toBe(false);
  });

  it('gives every call its own signal, which fires when the call takes too long', async () => {
    const signals: AbortSignal[] = [];
    const { breaker } = build((signal) => {
      signals.push(signal);
      return new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(unavailable('late')));
      });
    }, 30);
    await Promise.allSettled([breaker.fire(), breaker.fire()]);
    expect(new Set(signals).size).toBe(2);
    expect(signals.every(({ aborted }) => aborted)).toBe(true);
  });
});
