import type { RequestHandler } from 'express';

/** Resolves when a dependency answers, rejects with the reason otherwise. */
export type HealthCheck = () => Promise<unknown>;

const checkTimeout = 2_000;

/** Liveness: the process turns its loop. It never asks dependencies, or one outage would restart every service. */
export const live: RequestHandler = (_req, res) => {
  res.json({ status: 'ok' });
};

/** Readiness: 200 when every check answers in time, else 503 with what failed. */
export function ready(checks: Record<string, HealthCheck>, isShuttingDown: () => boolean): RequestHandler {
  return async (_req, res) => {
    const entries = await Promise.all(
      Object.entries(checks).map(async ([name, check]) => [name, await outcome(check)] as const),
    );
    const healthy = !isShuttingDown() && entries.every(([, result]) => result === 'ok');
    const status = isShuttingDown() ? 'shutting down' : healthy ? 'ok' : 'unavailable';
    res.status(healthy ? 200 : 503).json({ status, checks: Object.fromEntries(entries) });
  };
}

async function outcome(check: HealthCheck): Promise<string> {
  const timeout = AbortSignal.timeout(checkTimeout);
  const late = new Promise<string>((resolve) => {
    timeout.addEventListener('abort', () => {
      resolve(`no answer within ${checkTimeout} ms`);
    });
  });
  // Through a promise from the start: a check that throws at once is a failed check, not a failed request.
  const answer = Promise.resolve()
    .then(check)
    .then(
      () => 'ok',
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
  return Promise.race([answer, late]);
}
