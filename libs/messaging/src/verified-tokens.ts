import {
  createAuthenticator,
  createRevocations,
  type Logger,
  remoteKeys,
  remoteRevocations,
} from '@pipedesk/service-kit';
import { feedRevocations } from './revocation-feed.ts';

interface VerifierOptions {
  config: {
    AUTH_JWKS_URL: string;
    AUTH_ISSUER: string;
    AUTH_AUDIENCE: string;
    SERVICE_SECRET: string;
    AMQP_URL: string;
  };
  service: string;
  log: Logger;
}

/** How a service on the bus checks access tokens: by auth's keys, and by what the bus says has ended since. */
export function verifyTokens({ config, service, log }: VerifierOptions) {
  const jwksUrl = config.AUTH_JWKS_URL;
  const source = remoteRevocations({ jwksUrl, secret: config.SERVICE_SECRET, service });
  const revocations = createRevocations({ source, log });
  const feed = feedRevocations({ url: config.AMQP_URL, service, log, revocations });
  return {
    authenticate: createAuthenticator({
      keys: remoteKeys({ url: jwksUrl }),
      issuer: config.AUTH_ISSUER,
      audience: config.AUTH_AUDIENCE,
      revocations,
    }),
    close: async () => {
      revocations.close();
      await feed.close();
    },
  };
}
