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
  return (req, res, { requestId, ip }, destination) => {
    const started = performance.now();
    res.once('close', () => {
      const ms = performance.now() - started;
      const { method = '', url = '' } = req;
      const { statusCode: status } = res;
      durations.labels(method, destination?.label ?? 'refused', String(status)).observe(ms / 1000);
      const caller = tryCallerOf(req as Request);
      const line = {
        requestId,
        method,
        path: url.split('?', 1)[0],
        status,
        ms: Math.round(ms * 10) / 10,
        ip,
        ...(destination && { service: destination.service }),
        ...(caller && { tenantId: caller.tenantId, userId: caller.userId }),
        ...(res.writableFinished ? {} : { aborted: true }),
      };
      if (status >= 500) log.error(line, 'request');
      else log.info(line, 'request');
    });
  };
}
