import { idSchema } from '@pipedesk/contracts';
import { compactVerify } from 'jose';
import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import type { Refusal } from './refusal-counts.ts';

/** The header is not one of ours, or names a key that auth does not publish: the signature was not looked at. */
export class UnknownSigner extends Error {
  override name = 'UnknownSigner';
  readonly reason: 'unknown_header' | 'unknown_key';

  constructor(reason: UnknownSigner['reason']) {
    super(reason);
    this.reason = reason;
  }
}

export interface RefusedToken {
  /** Undefined when the header holds nothing that has the form of a token. */
  token: string | undefined;
  /** The key the token names, once it was found. */
  key: KeyObject | undefined;
  issuer: string;
  audience: string;
  /** What the verifier said; nothing when only the claims were not ours. */
  flaw: unknown;
}

/** What is worth knowing of a genuine token; its other claims may be anything. */
const remnantSchema = z.object({
  tid: idSchema,
  sub: idSchema.nullable().catch(null),
  sid: idSchema.nullable().catch(null),
});

/**
 * Why a token was refused. When its signature is genuine it was ours once, and its claims tell whose: a time is only
 * found wrong after the signature was found right; for the rest the signature is verified once more, alone.
 */
export async function explainRefusal({ token, key, flaw, ...ours }: RefusedToken): Promise<Refusal> {
  if (flaw instanceof UnknownSigner) return { reason: flaw.reason };
  if (token === undefined || !key) return { reason: 'malformed' };
  const payload = decode(token);
  const subject = subjectIn(payload);
  const name = flaw instanceof Error ? flaw.name : '';
  if (name === 'TokenExpiredError') return { reason: 'expired', subject };
  if (name === 'NotBeforeError') return { reason: 'not_yet_valid', subject };
  if (!(await isGenuine(token, key))) return { reason: 'bad_signature' };
  if (!payload) return { reason: 'unknown_claims' };
  if (payload.iss !== ours.issuer) return { reason: 'wrong_issuer', subject };
  if (![payload.aud].flat().includes(ours.audience)) return { reason: 'wrong_audience', subject };
  return { reason: 'unknown_claims', subject };
}

function subjectIn(payload: unknown): Refusal['subject'] {
  const remnant = remnantSchema.safeParse(payload).data;
  return remnant && { tenantId: remnant.tid, userId: remnant.sub, sessionId: remnant.sid };
}

function isGenuine(token: string, key: KeyObject): Promise<boolean> {
  return compactVerify(token, key, { algorithms: ['ES256'] }).then(
    () => true,
    () => false,
  );
}

function decode(token: string): { iss?: unknown; aud?: unknown } | undefined {
  try {
    const payload: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    return typeof payload === 'object' && payload !== null ? payload : undefined;
  } catch {
    return undefined;
  }
}
