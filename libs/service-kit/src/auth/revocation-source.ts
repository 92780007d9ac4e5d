import { revocationsSchema } from '@pipedesk/contracts';
import type { RevocationSource } from './revocations.ts';
import { createServiceTokens } from './service-token.ts';

interface SourceOptions {
  /** Where auth's keys are; its revocations are beside them. */
  jwksUrl: string;
  /** SERVICE_SECRET. */
  secret: string;
  /** Who asks. */
  service: string;
  timeout?: number;
}

/** Asks auth over HTTP. @throws Error when it does not answer as agreed */
export function remoteRevocations({
  jwksUrl,
  secret,
  service,
  timeout = 3_000,
}: SourceOptions): RevocationSource {
  const tokenFor = createServiceTokens({ secret, service });
  return async (since) => {
    const url = new URL('/internal/revocations', jwksUrl);
    if (since !== undefined) url.searchParams.set('since', since);
    const response = await fetch(url, {
      headers: { authorization: `Bearer ${await tokenFor('auth')}` },
      signal: AbortSignal.timeout(timeout),
      redirect: 'error',
    });
    if (!response.ok) throw new Error(`${url.pathname} answered ${response.status}`);
    return revocationsSchema.parse(await response.json());
  };
}
