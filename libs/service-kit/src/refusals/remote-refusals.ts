import { createPostToAuth } from '../auth/call-auth.ts';
import type { Logger } from '../logger.ts';
import type { Registry } from '../ops/metrics.ts';
import { createRefusalLog, type RefusalLog } from './refusal-log.ts';

interface RemoteRefusalsOptions {
  config: { AUTH_JWKS_URL: string; SERVICE_SECRET: string; REFUSALS_REPORTED_EVERY: number };
  /** Who refuses. */
  service: string;
  log: Logger;
  metrics: Registry;
}

/** The refusals of a service that has to hand them over to auth. */
export function remoteRefusals({ config, service, log, metrics }: RemoteRefusalsOptions): RefusalLog {
  const post = createPostToAuth({ jwksUrl: config.AUTH_JWKS_URL, secret: config.SERVICE_SECRET, service });
  const send = async (refusals: object[]) => void (await post('/internal/refusals', { refusals }));
  return createRefusalLog({ service, send, log, metrics, every: config.REFUSALS_REPORTED_EVERY });
}
