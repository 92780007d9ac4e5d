import {
  createAuthenticator,
  createRevocations,
  type Logger,
  type Registry,
  remoteKeys,
  remoteRefusals,
  remoteRevocations,
} from '@pipedesk/service-kit';
import { feedRevocations } from './revocation-feed.ts';

interface VerifierOptions {
  config: {
    AUTH_JWKS_URL: string;
    AUTH_ISSUER: string;
    AUTH_AUDIENCE: string;
    SERVICE_SECRET: string;
    REFUSALS_REPORTED_EVERY: number;
    AMQP_URL: string;
  };
  service: string;
  log: Logger;
  metrics: Registry;
}

/** How a service on the bus checks access tokens: by auth's keys, and by what the bus says has ended since. */
export function verifyTokens({ config, service, log, metrics }: VerifierOptions) {
  const jwksUrl = config.AUTH_JWKS_URL;
  const source = remoteRevocations({ jwksUrl, secret: config.SERVICE_SECRET, service });
  const revocations = createRevocations({ source, log });
  const feed = feedRevocations({ url: config.AMQP_URL, service, log, revocations });
  const refusals = remoteRefusals({ config, service, log, metrics });
  return {
    authenticate: createAuthenticator({
      keys: remoteKeys({ url: jwksUrl }),
      issuer: config.AUTH_ISSUER,
      audience: config.AUTH_AUDIENCE,
      revocations,
      refusals,
    }),
    close: async () => {
      revocations.close();
      await Promise.all([feed.close(), refusals.close()]);
    },
  };
}
