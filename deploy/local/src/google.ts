import { type GoogleEmulator, startGoogleEmulator } from '@pipedesk/google-emulator';
import { demoLogins } from './seed.ts';
import { servicePorts, urlOf } from './services/service-environment.ts';

export const googlePort = 8090;

const client = { id: 'pipedesk-local', secret: 'of the emulated Google, for no other use' };
/** Browsers reach auth through the gateway. */
const redirectUri = `${urlOf(servicePorts, 'api-gateway')}/auth/google/callback`;

/** An emulator in Google's place, where everybody of the demo tenant has an account. */
export function startGoogle(): Promise<GoogleEmulator> {
  const accounts = demoLogins.map(({ role, name, email }) => ({
    sub: `demo-${role}`,
    email,
    emailVerified: true,
    name,
  }));
  return startGoogleEmulator({
    port: googlePort,
    accounts,
    clients: [{ ...client, redirectUris: [redirectUri] }],
  });
}

/** What auth is told of it. */
export function googleEnvironment(url: string): Record<string, string> {
  return {
    GOOGLE_CLIENT_ID: client.id,
    GOOGLE_CLIENT_SECRET: client.secret,
    GOOGLE_REDIRECT_URI: redirectUri,
    GOOGLE_EMULATOR_URL: url,
  };
}
