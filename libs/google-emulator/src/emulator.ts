import express from 'express';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { GoogleAccount, GoogleClient } from './google-account.ts';
import { createIdTokens, type IdTokenFault } from './oauth/id-tokens.ts';
import { createGrants } from './oauth/grants.ts';
import { oauthRoutes } from './oauth/oauth.routes.ts';

export interface EmulatorOptions {
  /** 0 takes a free one. */
  port?: number;
  accounts: GoogleAccount[];
  clients: GoogleClient[];
}

export interface GoogleEmulator {
  /** `http://127.0.0.1:<port>`; also the issuer of its ID tokens. */
  url: string;
  /** May be changed while it runs: a new account, another address. */
  accounts: GoogleAccount[];
  /** The next ID token is not as it should be. */
  spoilNextIdToken(fault: IdTokenFault): void;
  /** Ends every grant of the account, as its owner can in their settings. */
  revokeGrantsOf(sub: string): void;
  close(): Promise<void>;
}

/** Google's OAuth 2 and OpenID Connect endpoints over HTTP, under Google's paths. */
export async function startGoogleEmulator(options: EmulatorOptions): Promise<GoogleEmulator> {
  const { accounts, clients, port = 0 } = options;
  const app = express();
  const server = createServer(app);
  await listen(server, port);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const idTokens = await createIdTokens(url);
  const grants = createGrants();
  app.disable('x-powered-by');
  app.use(oauthRoutes({ accounts, clients, idTokens, grants }));
  return {
    url,
    accounts,
    spoilNextIdToken: idTokens.spoilNext,
    revokeGrantsOf: grants.revokeAllOf,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
}
