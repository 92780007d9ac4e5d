import {
  createLegacyPolicy,
  createPostToAuth,
  type Logger,
  type RefusalLog,
  type Registry,
} from '@pipedesk/service-kit';
import type { Config } from '../config.ts';
import { createLegacyDoor, type LegacyDoor } from './legacy-door.ts';
import { createLegacyTokens } from './legacy-tokens.ts';
import { createLegacyUse } from './legacy-use.ts';

interface OpenOptions {
  config: Config;
  service: string;
  refusals: RefusalLog;
  log: Logger;
  metrics: Registry;
}

/** The door with everything behind it; nothing at all unless a client is listed. */
export function openLegacyDoor(
  options: OpenOptions,
): { door: LegacyDoor; close: () => Promise<void> } | undefined {
  const { config, service, refusals, log, metrics } = options;
  if (config.LEGACY_CLIENTS.length === 0) return undefined;
  const post = createPostToAuth({ jwksUrl: config.AUTH_JWKS_URL, secret: config.SERVICE_SECRET, service });
  const uses = createLegacyUse({ post, every: config.REFUSALS_REPORTED_EVERY, log, metrics });
  const door = createLegacyDoor({
    policy: createLegacyPolicy(config),
    tokens: createLegacyTokens(post),
    uses,
    refusals,
    guideUrl: config.LEGACY_GUIDE_URL,
  });
  return { door, close: uses.close };
}
