import type { Request, RequestHandler } from 'express';
import { jwtVerify, SignJWT } from 'jose';
import { unauthorized } from '../http/problem.ts';
import { refusedRequest, type RefusalLog } from '../refusals/refusal-log.ts';
import { bearerToken } from './bearer.ts';

/** Differs from `at+jwt`, the type of users' tokens: neither verifier ever takes the other's. */
const tokenType = 'service+jwt';
/** Made for one call, seconds. */
const lifetime = 30;

interface ServiceTokensOptions {
  /** SERVICE_SECRET. */
  secret: string;
  /** Who calls. */
  service: string;
}

/** @param target the service that is called; no other accepts the token */
export type ServiceTokens = (target: string) => Promise<string>;

/**
 * What services prove themselves with where no user is behind a call. Signed with a secret of the services (HS256), not
 * with a key of auth's: whoever only talks to auth from outside can never be given one.
 */
export function createServiceTokens({ secret, service }: ServiceTokensOptions): ServiceTokens {
  const key = Buffer.from(secret);
  return (target) =>
    new SignJWT()
      .setProtectedHeader({ alg: 'HS256', typ: tokenType })
      .setIssuer(service)
      .setAudience(audienceOf(target))
      .setIssuedAt()
      .setExpirationTime(`${lifetime}s`)
      .sign(key);
}

interface ServiceAuthenticatorOptions extends ServiceTokensOptions {
  /** Where refusals are counted, for audit. */
  refusals?: RefusalLog;
}

/** Admits services and nobody else. @throws Error at boot when the secret is empty */
export function createServiceAuthenticator({
  secret,
  service,
  refusals,
}: ServiceAuthenticatorOptions): RequestHandler {
  if (secret === '') throw new Error('the secret of service tokens must not be empty');
  const key = Buffer.from(secret);
  const rules = {
    algorithms: ['HS256'],
    typ: tokenType,
    audience: audienceOf(service),
    requiredClaims: ['iss', 'exp', 'iat'],
    maxTokenAge: lifetime,
    clockTolerance: 5,
  };
  const refuse = (req: Request, code: string, detail: string) => {
    refusals?.note(refusedRequest(req), { reason: 'service_token' });
    return unauthorized(code, detail);
  };
  return async (req, _res, next) => {
    const token = bearerToken(req);
    if (token === null)
      throw refuse(req, 'token_missing', 'Only services are answered here, by their own tokens.');
    await jwtVerify(token, key, rules).catch(() => {
      throw refuse(req, 'token_invalid', 'This is not the token of a service for this service.');
    });
    next();
  };
}

function audienceOf(service: string): string {
  return `service:${service}`;
}
