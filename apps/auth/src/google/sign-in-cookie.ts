import type { KeySecret } from '@pipedesk/service-kit';
import type { Request, Response } from 'express';
import { z } from 'zod';
import type { SignInChecks } from './google-provider.ts';

const begunSchema = z.object({
  checks: z.object({ state: z.string(), nonce: z.string(), verifier: z.string() }),
  challenge: z.string().optional(),
  until: z.number(),
});

/** A sign-in that has begun in a browser. */
interface Begun {
  checks: SignInChecks;
  /** Of the page that began it. */
  challenge?: string | undefined;
}

/** Binds a sign-in to the browser that began it: sealed, so that the browser can neither read nor change it. */
export interface SignInCookie {
  set(res: Response, begun: Begun): void;
  /** Undefined when there is none, it is somebody else's work, or too old. */
  read(req: Request): Begun | undefined;
  clear(res: Response): void;
}

/** For choosing an account and a second factor at Google, ms. */
const lifetime = 600_000;
const label = 'google sign-in';
const path = '/auth/google';

/** @param isSecure where the callback is https: the browser then sends it over nothing else, and no other host can set it */
export function createSignInCookie(secret: KeySecret, isSecure: boolean, clock: () => Date): SignInCookie {
  const name = isSecure ? '__Secure-pipedesk_google' : 'pipedesk_google';
  const attributes = { httpOnly: true, sameSite: 'lax' as const, secure: isSecure, path };
  return {
    set: (res, begun) => {
      const text = JSON.stringify({ ...begun, until: clock().getTime() + lifetime });
      res.cookie(name, secret.seal(text, label), { ...attributes, maxAge: lifetime });
    },
    read: (req) => {
      const pairs = req.headers.cookie?.split(';').map((pair) => pair.trim()) ?? [];
      const sealed = pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);
      const begun = sealed === undefined ? undefined : begunSchema.safeParse(opened(secret, sealed)).data;
      return begun && begun.until > clock().getTime() ? begun : undefined;
    },
    clear: (res) => {
      res.clearCookie(name, attributes);
    },
  };
}

function opened(secret: KeySecret, sealed: string): unknown {
  try {
    return JSON.parse(secret.open(sealed, label));
  } catch {
    return undefined;
  }
}
