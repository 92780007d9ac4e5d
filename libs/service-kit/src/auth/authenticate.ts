import { idSchema, permissionSchema, roleSchema } from '@pipedesk/contracts';
import type { Request, RequestHandler, Response } from 'express';
import type { KeyObject } from 'node:crypto';
import { Passport } from 'passport';
import { Strategy, type StrategyOptionsWithRequest } from 'passport-jwt';
import { z } from 'zod';
import { ProblemError, unauthorized } from '../http/problem.ts';
import { claimsIdentity } from '../refusals/identity-headers.ts';
import { refusedRequest, type RefusalLog } from '../refusals/refusal-log.ts';
import { explainRefusal, UnknownSigner } from '../refusals/refused-token.ts';
import type { Caller } from '../request-context.ts';
import { bearerToken } from './bearer.ts';
import type { KeySource } from './key-source.ts';
import type { AccessCheck } from './revocations.ts';
import { createVerifiedTokens, type VerifiedTokens } from './verified-tokens.ts';

/** Claims of an access token; RFC 9068 names, plus ours: `tid` tenant, `sid` session, `team`, `pv` permission version. */
export const accessClaimsSchema = z.object({
  sub: idSchema,
  tid: idSchema,
  sid: idSchema,
  jti: idSchema,
  iat: z.int(),
  exp: z.int(),
  nbf: z.int().optional(),
  role: roleSchema,
  name: z.string(),
  team: idSchema.nullable(),
  /** Version of the user's record: whatever changed since is not in this token. */
  pv: z.int().min(1),
  /** When the user last proved who they are (RFC 9068 section 2.2.1). */
  auth_time: z.int().optional(),
  /** The API key the token was made for, and all it may do. */
  akid: idSchema.optional(),
  perms: z.array(permissionSchema).optional(),
  /** The legacy client the token was exchanged for, by the gateway; no user is behind it. */
  lgc: z.string().optional(),
});

const headerSchema = z.strictObject({
  alg: z.literal('ES256'),
  typ: z.literal('at+jwt'),
  kid: z.string().min(1).max(100),
});

interface AuthenticatorOptions {
  keys: KeySource;
  issuer: string;
  audience: string;
  /** Knows what has changed since a token was signed. */
  revocations: AccessCheck;
  /** Where refusals are counted, for audit. */
  refusals?: RefusalLog;
}

const callers = new WeakMap<object, Caller>();

/** Who asks, once known. */
export function tryCallerOf(req: Request): Caller | undefined {
  return callers.get(req);
}

/** Who asks. @throws Error on a route without authentication: a wiring defect */
export function callerOf(req: Request): Caller {
  const caller = callers.get(req);
  if (!caller) throw new Error('this route has no authenticated caller');
  return caller;
}

/**
 * Verifies the access token of every request it guards (RFC 8725, RFC 9068): ES256 only, our issuer and audience,
 * `typ: at+jwt`, a key id we know, expiry with 5 s of clock skew, and the claims every decision rests on. Then the
 * caller is taken as they are now, not as the token says.
 * @throws Error at boot when issuer or audience is empty: passport-jwt would then accept any
 */
export function createAuthenticator(options: AuthenticatorOptions): RequestHandler {
  const { issuer, audience, revocations, refusals } = options;
  if (issuer === '' || audience === '') throw new Error('issuer and audience must not be empty');
  const verified = createVerifiedTokens({ keys: options.keys, clockTolerance });
  const signers = new WeakMap<object, Signer>();
  const verify = createVerifier(options, verified, signers);

  async function identify(req: Request, res: Response): Promise<Caller> {
    const token = bearerToken(req);
    const known = token === null ? undefined : await verified.find(token);
    const caller = known ?? (await verify(req, res));
    return revocations.admit(caller).catch((error: unknown) => {
      if (isRefusal(error)) refusals?.note(refusedRequest(req), { reason: 'session_ended', subject: caller });
      throw error;
    });
  }

  /** A session that has ended was noted with its caller; what is our own fault (503) is no refusal. */
  async function noteRefusal(req: Request, error: unknown): Promise<void> {
    if (!refusals || !isRefusal(error) || error.code === 'session_ended') return;
    if (error.code === 'token_missing' || error.code === 'duplicate_authorization') {
      refusals.note(refusedRequest(req), { reason: error.code });
      return;
    }
    const token = bearerToken(req) ?? undefined;
    const { key } = signers.get(req) ?? {};
    const flaw = error.options.cause;
    refusals.note(refusedRequest(req), await explainRefusal({ token, key, issuer, audience, flaw }));
  }

  return (req, res, next) => {
    identify(req, res).then(
      (caller) => {
        callers.set(req, caller);
        if (claimsIdentity(req.headers))
          refusals?.note(refusedRequest(req), { reason: 'identity_headers', subject: caller });
        next();
      },
      (error: unknown) => {
        if (claimsIdentity(req.headers)) refusals?.note(refusedRequest(req), { reason: 'identity_headers' });
        void noteRefusal(req, error);
        next(error);
      },
    );
  };
}

/** Seconds that clocks may differ. */
const clockTolerance = 5;

type Verifier = (req: Request, res: Response) => Promise<Caller>;

/** Passport with the hardened strategy, as a promise. What it has accepted is remembered. */
function createVerifier(
  options: AuthenticatorOptions,
  verified: VerifiedTokens,
  signers: WeakMap<object, Signer>,
): Verifier {
  const passport = new Passport();
  const remember = (req: Request, { exp, nbf }: TokenTimes, caller: Caller) => {
    const token = bearerToken(req);
    const signer = signers.get(req);
    if (token !== null && signer) verified.add(token, { ...signer, exp, nbf }, caller);
  };
  passport.use(new Strategy(strategyOptions(options, signers), acceptClaims(remember)));
  return (req, res) =>
    new Promise((resolve, reject) => {
      // A callback of our own: passport's default answers in plain text and looks for a session.
      const finish = (error: unknown, caller: Caller | false | null | undefined, info: unknown) => {
        if (!error && caller) resolve(caller);
        else reject(error instanceof Error ? error : refusal(req, info));
      };
      const authenticate = passport.authenticate('jwt', { session: false }, finish) as RequestHandler;
      void authenticate(req, res, reject);
    });
}

interface Signer {
  kid: string;
  key: KeyObject;
}

function strategyOptions(
  { keys, issuer, audience }: Pick<AuthenticatorOptions, 'keys' | 'issuer' | 'audience'>,
  signers: WeakMap<object, Signer>,
): StrategyOptionsWithRequest {
  return {
    jwtFromRequest: bearerToken,
    algorithms: ['ES256'],
    issuer,
    audience,
    passReqToCallback: true,
    jsonWebTokenOptions: { clockTolerance },
    secretOrKeyProvider: (req: Request, token: string, done) => {
      findSigner(keys, token).then(
        (signer) => {
          signers.set(req, signer);
          done(null, signer.key as unknown as string);
        },
        (error: unknown) => {
          done(error);
        },
      );
    },
  };
}

/** The key the header names. `crit`, `jku`, `x5u`, `jwk` and any other member make the header foreign: refused. */
async function findSigner(keys: KeySource, token: string): Promise<Signer> {
  const header = headerSchema.safeParse(decodeHeader(token));
  if (!header.success) throw notOurs('unknown_header');
  const { kid } = header.data;
  const key = await keys.find(kid);
  if (!key) throw notOurs('unknown_key');
  return { kid, key };
}

function notOurs(reason: UnknownSigner['reason']): ProblemError {
  return unauthorized('token_invalid', 'The access token is not one of ours.', new UnknownSigner(reason));
}

function decodeHeader(token: string): unknown {
  try {
    return JSON.parse(Buffer.from(token.split('.', 1)[0] ?? '', 'base64url').toString());
  } catch {
    return undefined;
  }
}

type TokenTimes = Pick<z.output<typeof accessClaimsSchema>, 'exp' | 'nbf'>;

/** The stock strategy accepts tokens without exp, sub or even an object payload: what we rely on is required here. */
function acceptClaims(remember: (req: Request, times: TokenTimes, caller: Caller) => void) {
  return (req: Request, payload: unknown, done: (error: unknown, caller?: Caller | false) => void): void => {
    const claims = accessClaimsSchema.safeParse(payload);
    if (!claims.success) {
      done(null, false);
      return;
    }
    const caller = callerOfClaims(claims.data);
    remember(req, claims.data, caller);
    done(null, caller);
  };
}

function callerOfClaims(claims: z.output<typeof accessClaimsSchema>): Caller {
  const { sub, tid, sid, role, name, team, pv, auth_time, akid, perms, lgc } = claims;
  return {
    userId: sub,
    tenantId: tid,
    sessionId: sid,
    role,
    name,
    teamId: team,
    permissionVersion: pv,
    authenticatedAt: auth_time ?? 0,
    // A key without a list may do nothing, not everything.
    apiKey: akid === undefined ? null : { id: akid, permissions: perms ?? [] },
    ...(lgc !== undefined && { legacyClient: lgc }),
  };
}

function refusal(req: Request, info: unknown): ProblemError {
  if (info instanceof ProblemError) return info;
  if (req.headers.authorization === undefined) {
    return unauthorized('token_missing', 'Send an access token: Authorization: Bearer <token>.');
  }
  const expired = info instanceof Error && info.name === 'TokenExpiredError';
  return expired
    ? unauthorized('token_expired', 'The access token has expired. Log in or refresh it.', info)
    : unauthorized('token_invalid', 'The access token is not valid.', info);
}

/** The one who asks was not believed; everything else is a failure of ours. */
function isRefusal(error: unknown): error is ProblemError {
  return error instanceof ProblemError && error.status < 500;
}
