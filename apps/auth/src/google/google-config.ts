import { z } from 'zod';
import type { GoogleOptions } from './google-provider.ts';

const httpUrl = z.url({ protocol: /^https?$/, error: 'must be an http(s) URL' });

export const googleEnv = {
  /** The OAuth client for sign-in with Google, from its console. Without it there is no such sign-in. */
  GOOGLE_CLIENT_ID: z.string().optional(),
  /** The secret of that client. */
  GOOGLE_CLIENT_SECRET: z.string().optional(),
  /** `/auth/google/callback` as browsers reach it through the gateway, and as the client has it in Google's console. */
  GOOGLE_REDIRECT_URI: httpUrl.optional(),
  /** The page of the front end that browsers go on to after a sign-in with Google. Without it the callback answers JSON. */
  GOOGLE_RETURN_URL: httpUrl.refine((url) => !url.includes('#'), 'must not have a fragment').optional(),
  /** An emulator in Google's place, for development and tests. Not in production. */
  GOOGLE_EMULATOR_URL: httpUrl.optional(),
};

interface GoogleConfig {
  NODE_ENV: string;
  GOOGLE_CLIENT_ID?: string | undefined;
  GOOGLE_CLIENT_SECRET?: string | undefined;
  GOOGLE_REDIRECT_URI?: string | undefined;
  GOOGLE_EMULATOR_URL?: string | undefined;
  GOOGLE_RETURN_URL?: string | undefined;
}

/** All three or nothing: half of it would only show at the first sign-in. */
export function isGoogleWhole(config: GoogleConfig): boolean {
  return config.GOOGLE_CLIENT_ID === undefined || googleOptions(config) !== undefined;
}
export const googleNotWhole = {
  path: ['GOOGLE_CLIENT_ID'],
  error: 'needs GOOGLE_CLIENT_SECRET and GOOGLE_REDIRECT_URI beside it',
};

/** Whoever answers in Google's place signs in as anybody, and a code over plain HTTP is anybody's. */
export function isGoogleGenuine({
  NODE_ENV,
  GOOGLE_EMULATOR_URL,
  GOOGLE_REDIRECT_URI,
  GOOGLE_RETURN_URL,
}: GoogleConfig): boolean {
  if (NODE_ENV !== 'production') return true;
  const isPlain = (url: string | undefined) => url?.startsWith('http://') === true;
  return GOOGLE_EMULATOR_URL === undefined && !isPlain(GOOGLE_REDIRECT_URI) && !isPlain(GOOGLE_RETURN_URL);
}
export const googleNotGenuine = {
  path: ['GOOGLE_REDIRECT_URI'],
  error: 'and GOOGLE_RETURN_URL must be https in production, and GOOGLE_EMULATOR_URL must not be given there',
};

/** Undefined when sign-in with Google is off. */
export function googleOptions(config: GoogleConfig): GoogleOptions | undefined {
  const { GOOGLE_CLIENT_ID: clientId, GOOGLE_CLIENT_SECRET: clientSecret } = config;
  const { GOOGLE_REDIRECT_URI: redirectUri, GOOGLE_EMULATOR_URL: emulatorUrl } = config;
  const { GOOGLE_RETURN_URL: returnUrl } = config;
  if (clientId === undefined || clientSecret === undefined || redirectUri === undefined) return undefined;
  return { clientId, clientSecret, redirectUri, returnUrl, emulatorUrl };
}
