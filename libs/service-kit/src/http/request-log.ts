import type { Request, RequestHandler, Response } from 'express';
import type { Histogram } from 'prom-client';
import { tryCallerOf } from '../auth/authenticate.ts';
import type { Logger } from '../logger.ts';
import { originOf } from './request-origin.ts';
import { patternOf } from './router.ts';

type HttpHistogram = Histogram<'method' | 'route' | 'status'>;

/** One line and one observation a request, when its answer has ended or its client has gone. */
export function logRequests(log: Logger, histogram: HttpHistogram): RequestHandler {
  return (req, res, next) => {
    const started = process.hrtime.bigint();
    res.once('close', () => {
      const seconds = Number(process.hrtime.bigint() - started) / 1e9;
      histogram.labels(req.method, patternOf(req), String(res.statusCode)).observe(seconds);
      writeLine(log, req, res, seconds);
    });
    next();
  };
}

function writeLine(log: Logger, req: Request, res: Response, seconds: number): void {
  const caller = tryCallerOf(req);
  const line = {
    requestId: originOf(req).requestId,
    method: req.method,
    path: req.originalUrl.split('?', 1)[0],
    status: res.statusCode,
    ms: Math.round(seconds * 1e4) / 10,
    ip: req.ip,
    ...(caller && { tenantId: caller.tenantId, userId: caller.userId }),
    ...(res.writableFinished ? {} : { aborted: true }),
  };
  if (res.statusCode >= 500) log.error(line, 'request');
  else log.info(line, 'request');
}
