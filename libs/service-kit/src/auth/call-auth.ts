import { createServiceTokens } from './service-token.ts';

interface AuthCallOptions {
  /** AUTH_JWKS_URL: what services ask of auth is beside its keys. */
  jwksUrl: string;
  /** SERVICE_SECRET. */
  secret: string;
  /** Who calls. */
  service: string;
  /** ms. */
  timeout?: number;
}

/** Posts JSON to a route of auth that is for services. @throws Error unless it answers 2xx */
export type PostToAuth = (path: string, body: object) => Promise<unknown>;

export function createPostToAuth({ jwksUrl, secret, service, timeout = 5_000 }: AuthCallOptions): PostToAuth {
  const tokenFor = createServiceTokens({ secret, service });
  return async (path, body) => {
    const response = await fetch(new URL(path, jwksUrl), {
      method: 'POST',
      headers: { authorization: `Bearer ${await tokenFor('auth')}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(timeout),
      redirect: 'error',
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`auth answered ${path} with ${response.status}`);
    return text === '' ? undefined : (JSON.parse(text) as unknown);
  };
}
