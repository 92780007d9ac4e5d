import { callerOf, ProblemError, refusedRequest, type TellRecords } from '@pipedesk/service-kit';
import type { RequestHandler, Response } from 'express';
import type { LimitFields, RateLimits } from './rate-limits.ts';
import type { ReadLimits } from './read-limits.ts';
import { routeClassOf } from './route-class.ts';

/** Authentication of the gateway's own routes, with the limits that forwarded requests have at the edge. */
export function limitCallers(
  authenticate: RequestHandler,
  limits: RateLimits,
  reads: ReadLimits,
): RequestHandler {
  return (req, res, next) => {
    const finish = (error?: unknown) => {
      if (error) {
        next(error instanceof ProblemError ? limits.refuse(req.ip ?? '', error) : error);
        return;
      }
      try {
        if (req.method === 'GET') reads.admit(callerOf(req), () => refusedRequest(req));
        setFields(res, limits.admitCaller(callerOf(req), routeClassOf(req.method, req.path)));
        next();
      } catch (refusal) {
        next(refusal);
      }
    };
    void authenticate(req, res, finish);
  };
}

/** Counts the records of the gateway's own answers: its timelines. */
export function countOwnRecords(reads: ReadLimits): TellRecords {
  return (req, _res, records) => {
    reads.count(callerOf(req), records);
  };
}

/** Limits what is open to everybody: the description of the API, and paths that nothing answers. */
export function limitVisitors(limits: RateLimits): RequestHandler {
  return (req, res, next) => {
    setFields(res, limits.admitAnonymous(req.ip ?? '', false));
    next();
  };
}

function setFields(res: Response, fields: LimitFields): void {
  for (let index = 0; index + 1 < fields.length; index += 2)
    res.setHeader(fields[index] ?? '', fields[index + 1] ?? '');
}
