import type { RefusalReason, RefusalReport } from '@pipedesk/contracts';
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { Counter } from 'prom-client';
import { networkOf } from '../http/network.ts';
import { tryOriginOf } from '../http/request-origin.ts';
import type { Logger } from '../logger.ts';
import type { RequestOrigin } from '../request-context.ts';
import type { Registry } from '../ops/metrics.ts';
import { createReporter } from '../ops/reporter.ts';
import { createRefusalCounts, type Refusal } from './refusal-counts.ts';

/** Hands refusals over to auth, which keeps them. @throws Error when they have to be sent again */
export type SendRefusals = (refusals: RefusalReport[]) => Promise<void>;

/** Where a refused request came from, and where to; without query, since secrets may be in it. */
export type RefusedRequest = Pick<RequestOrigin, 'ip' | 'userAgent'> & {
  requestId: string | null;
  path: string;
};

export interface RefusalLog {
  /** Counts a request whose sender was not believed. */
  note(from: RefusedRequest, refusal: Refusal): void;
  /** Hands over what is left. */
  close(): Promise<void>;
}

interface RefusalLogOptions {
  service: string;
  send: SendRefusals;
  log: Logger;
  metrics: Registry;
  /** Seconds between two reports. */
  every: number;
}

/**
 * Every refusal is counted at once (metrics), and is in audit after the next report, refusals alike as one record. What
 * an attacker can cause is bounded: so many records per process and report, whatever is sent from wherever.
 */
export function createRefusalLog({ service, send, log, metrics, every }: RefusalLogOptions): RefusalLog {
  const counts = createRefusalCounts(service);
  const countTokens = countTokensIn(metrics);
  const reporter = createReporter({ take: counts.take, send, every, what: 'refusals', log });
  return {
    note: ({ ip, path, userAgent, requestId }, refusal) => {
      countTokens(refusal.reason);
      const network = networkOf(ip);
      counts.add(refusal, {
        ip,
        network,
        path: path.slice(0, 200),
        userAgent: userAgent?.slice(0, 200) ?? null,
        requestId,
      });
    },
    close: reporter.close,
  };
}

/** The gateway refuses before its own middleware has run, so the request's origin may not be known. */
export function refusedRequest(req: IncomingMessage & { ip?: string | undefined }): RefusedRequest {
  // Even a trusted proxy may hand on what its client wrote: only an address counts.
  const ip = (isIP(req.ip ?? '') ? req.ip : req.socket.remoteAddress) ?? null;
  const requestId = tryOriginOf(req)?.requestId ?? null;
  const [path = ''] = (req.url ?? '').split('?', 1);
  return { ip, requestId, path, userAgent: req.headers['user-agent'] ?? null };
}

function countTokensIn(metrics: Registry): (reason: RefusalReason) => void {
  const tokens = new Counter({
    name: 'pipedesk_tokens_refused_total',
    help: 'Requests whose token was missing or refused, by the reason',
    labelNames: ['reason'] as const,
    registers: [metrics],
  });
  const headers = new Counter({
    name: 'pipedesk_identity_headers_ignored_total',
    help: 'Requests that claimed an identity by header, which is not believed',
    registers: [metrics],
  });
  return (reason) => {
    if (reason === 'identity_headers') headers.inc();
    // Their token is good; the gateway counts what it limits.
    else if (reason !== 'read_limit') tokens.labels(reason).inc();
  };
}
