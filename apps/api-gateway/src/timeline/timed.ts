import type { UnifiedTimeline } from '@pipedesk/contracts';

export type SourceReport = UnifiedTimeline['sources'][string];

/** How a call ended, and after how many ms. It never rejects, so calls may be started before anyone waits for them. */
export type Timed<Value> = { ms: number } & ({ ok: true; value: Value } | { ok: false; error: unknown });

export async function timed<Value>(call: Promise<Value>): Promise<Timed<Value>> {
  const started = performance.now();
  const elapsed = () => Math.round((performance.now() - started) * 10) / 10;
  try {
    const value = await call;
    return { ok: true, value, ms: elapsed() };
  } catch (error) {
    return { ok: false, error, ms: elapsed() };
  }
}

/** What the client is told about a source: the worst that happened to it, and its longest call. */
export function reportOf(...calls: Timed<unknown>[]): SourceReport {
  const status = calls.every(({ ok }) => ok) ? 'ok' : 'unavailable';
  return { status, ms: Math.max(...calls.map(({ ms }) => ms)) };
}
