import { type Logger, tryCallerOf } from '@pipedesk/service-kit';
import type { Request } from 'express';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { EdgeOrigin } from './origin.ts';
import type { Destination } from './services.ts';

/** The histogram every service has; `createServiceApp` registers it. */
export interface DurationHistogram {
  labels(method: string, route: string, status: string): { observe(seconds: number): void };
}

export type AccessLog = (
  req: IncomingMessage,
  res: ServerResponse,
  origin: EdgeOrigin,
  destination?: Destination,
) => void;

/** One line and one observation for each request the edge answers or forwards, when it is over. */
export function createAccessLog(log: Logger, durations: DurationHistogram): AccessLog {
  // The line below holds no secret, and looking for one takes as long as writing it.
  const lines = log.child({}, { redact: [] });
  const observe = createObserver(durations);
  return (req, res, { requestId, ip }, destination) => {
    const started = performance.now();
    res.once('close', () => {
      const ms = performance.now() - started;
      const { method = '', url = '' } = req;
      const { statusCode: status } = res;
      observe(method, destination?.label ?? 'refused', status, ms / 1000);
      const queryAt = url.indexOf('?');
      const caller = tryCallerOf(req as Request);
      const line = {
        requestId,
        method,
        path: queryAt === -1 ? url : url.slice(0, queryAt),
        status,
        ms: Math.round(ms * 10) / 10,
        ip,
        service: destination?.service,
        tenantId: caller?.tenantId,
        userId: caller?.userId,
        aborted: res.writableFinished ? undefined : true,
      };
      if (status >= 500) lines.error(line, 'request');
      else lines.info(line, 'request');
    });
  };
}

type Observe = (method: string, route: string, status: number, seconds: number) => void;

/** Keeps the series it has found, of which there are few: methods, labels of the routing table and statuses. */
function createObserver(durations: DurationHistogram): Observe {
  const series = new Map<string, { observe(seconds: number): void }>();
  return (method, route, status, seconds) => {
    const key = `${method} ${status} ${route}`;
    let found = series.get(key);
    if (!found) series.set(key, (found = durations.labels(method, route, String(status))));
    found.observe(seconds);
  };
}
