import type { KeySource } from '@pipedesk/service-kit';
import type { RequestHandler } from 'express';
import type { ServiceUrls } from './edge/services.ts';

interface ReadinessOptions {
  keys: KeySource;
  jwksUrl: string;
  services: ServiceUrls;
  isShuttingDown: () => boolean;
}

const checkTimeout = 1_500;
/** How long an answer of the services is repeated, ms: a flood of probes must not become five. */
const stateMaxAge = 2_000;

/**
 * `GET /health/ready`: 200 once tokens can be verified. A service that is down is named and does not make the gateway
 * unready: all the others are still reached through it.
 */
export function readiness({ keys, jwksUrl, services, isShuttingDown }: ReadinessOptions): RequestHandler {
  const signingKeys = signingKeysCheck(keys, jwksUrl);
  const serviceStates = remembered(() => statesOf(services), stateMaxAge);
  return async (_req, res) => {
    const [signing_keys, states] = await Promise.all([signingKeys(), serviceStates()]);
    const isReady = signing_keys === 'ok' && !isShuttingDown();
    const status = isShuttingDown() ? 'shutting down' : isReady ? 'ok' : 'unavailable';
    res.status(isReady ? 200 : 503).json({ status, checks: { signing_keys }, services: states });
  };
}

/**
 * Once loaded, keys stay cached, so they are asked for until then only. The endpoint is tried first: a failed load by
 * the key source would start its cool-down and delay a start in which auth comes up a moment later.
 */
function signingKeysCheck(keys: KeySource, url: string): () => Promise<string> {
  let areLoaded = false;
  return async () => {
    if (areLoaded) return 'ok';
    try {
      const answer = await fetch(url, { signal: AbortSignal.timeout(checkTimeout), redirect: 'error' });
      await answer.arrayBuffer();
      if (!answer.ok) return `answered ${answer.status}`;
      await keys.find('readiness');
      areLoaded = true;
      return 'ok';
    } catch (error) {
      return reasonOf(error);
    }
  };
}

async function statesOf(services: ServiceUrls): Promise<Record<string, string>> {
  const states = await Promise.all(
    Object.entries(services).map(async ([name, url]) => [name, await stateOf(url)] as const),
  );
  return Object.fromEntries(states);
}

async function stateOf(url: string): Promise<string> {
  try {
    const answer = await fetch(new URL('/health/ready', url), { signal: AbortSignal.timeout(checkTimeout) });
    await answer.arrayBuffer();
    return answer.ok ? 'ok' : `not ready (${answer.status})`;
  } catch (error) {
    return reasonOf(error);
  }
}

function remembered<Value>(read: () => Promise<Value>, maxAge: number): () => Promise<Value> {
  let readAt = -Infinity;
  let value: Promise<Value> | undefined;
  return () => {
    if (value && Date.now() - readAt < maxAge) return value;
    readAt = Date.now();
    value = read();
    return value;
  };
}

/** fetch hides the reason, such as ECONNREFUSED, in the cause. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as { message: string; cause?: { message?: string } };
  return cause?.message || message;
}
