import type { Connection } from '@pipedesk/mongo';
import type { Publisher } from '@pipedesk/messaging';
import type { LegacyConfig, Logger, Registry } from '@pipedesk/service-kit';
import type { GoogleOptions } from './google/google-provider.ts';
import type { SendMail } from './mail/mailer.ts';

/** What the service is built from; production and tests differ in it and in nothing else. */
export interface AppDeps {
  connection: Connection;
  publisher: Publisher;
  log: Logger;
  metrics: Registry;
  trustedProxies: string;
  isShuttingDown: () => boolean;
  issuer: string;
  audience: string;
  /** 32 bytes in base64. */
  keySecret: string;
  serviceSecret: string;
  /** For so long a key signs. */
  keyRotationDays: number;
  /** Of an access token, seconds. */
  tokenLifetime: number;
  /** Where the links in mails lead to. */
  appUrl: string;
  sendMail: SendMail;
  /** Seconds between two reports of refused tokens to audit. */
  refusalsEvery: number;
  /** Who is still believed by headers; nobody unless told. */
  legacy?: LegacyConfig;
  /** Without it nobody signs in with Google. */
  google?: GoogleOptions | undefined;
  /** Tests turn it. */
  clock?: () => Date;
}
