import CircuitBreaker from 'opossum';
import { Gauge, type Registry } from 'prom-client';
import { ProblemError } from '../http/problem.ts';

/** A call that gives up when its signal fires; the signal belongs to this one call (nodeshift/opossum#780). */
export type BreakableCall<Args extends unknown[], Result> = (
  signal: AbortSignal,
  ...args: Args
) => Promise<Result>;

interface BreakerOptions {
  name: string;
  /** Longest a call may take, ms. */
  timeout: number;
  metrics: Registry;
}

export interface Breaker<Args extends unknown[], Result> {
  fire(...args: Args): Promise<Result>;
  isOpen(): boolean;
}

/**
 * An opossum breaker with the defaults that are not risky: it opens on half of at least 20 calls failing in 10 s, lets
 * at most 100 calls in at once, and does not count answers of the 4xx kind, which are the caller's fault.
 */
export function createBreaker<Args extends unknown[], Result>(
  call: BreakableCall<Args, Result>,
  { name, timeout, metrics }: BreakerOptions,
): Breaker<Args, Result> {
  const breaker = new CircuitBreaker((...args: Args) => call(AbortSignal.timeout(timeout), ...args), {
    name,
    timeout: timeout + 100,
    volumeThreshold: 20,
    errorThresholdPercentage: 50,
    resetTimeout: 5_000,
    capacity: 100,
    errorFilter: isCallersFault,
  });
  openGauge(metrics).labels(name).set(0);
  breaker.on('open', () => {
    openGauge(metrics).labels(name).set(1);
  });
  breaker.on('close', () => {
    openGauge(metrics).labels(name).set(0);
  });
  return { fire: (...args) => breaker.fire(...args), isOpen: () => breaker.opened };
}

function isCallersFault(error: unknown): boolean {
  return error instanceof ProblemError && error.status < 500;
}

const gaugeName = 'pipedesk_breaker_open';

function openGauge(metrics: Registry): Gauge<'breaker'> {
  const known = metrics.getSingleMetric(gaugeName);
  if (known) return known as Gauge<'breaker'>;
  const help = '1 while calls to this backing service are refused without trying';
  return new Gauge({ name: gaugeName, help, labelNames: ['breaker'], registers: [metrics] });
}
