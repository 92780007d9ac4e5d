import {
  amqpEnv,
  httpEnv,
  hasLegacyEnd,
  noLegacyEnd,
  legacyEnv,
  loadConfig,
  mongoEnv,
  tokenEnv,
} from '@pipedesk/service-kit';
import { z } from 'zod';
import {
  googleEnv,
  googleNotGenuine,
  googleNotWhole,
  isGoogleGenuine,
  isGoogleWhole,
} from './google/google-config.ts';

/**
 * Wraps the signing keys of a development database, so that nothing has to be set up to try the system. It is as good
 * as no encryption, and no worse: it signs nothing, and whoever wants to use it must read the database first.
 */
const developmentKeySecret = Buffer.from('pipedesk development key secret!').toString('base64');

/** AES-256 takes 32 bytes. `openssl rand -base64 32` makes one. */
const keySecret = z
  .base64({ error: 'must be base64' })
  .refine((text) => Buffer.from(text, 'base64').length === 32, 'must be 32 bytes in base64');

export const configSchema = z
  .object({
    ...httpEnv,
    ...mongoEnv,
    ...amqpEnv,
    ...legacyEnv,
    AUTH_ISSUER: tokenEnv.AUTH_ISSUER,
    AUTH_AUDIENCE: tokenEnv.AUTH_AUDIENCE,
    SERVICE_SECRET: tokenEnv.SERVICE_SECRET,
    REFUSALS_REPORTED_EVERY: tokenEnv.REFUSALS_REPORTED_EVERY,
    /** Encrypts the private signing keys in the database. Production has no default. */
    AUTH_KEY_SECRET: keySecret.default(developmentKeySecret),
    /** Where the pages are that links in mails lead to. */
    APP_URL: z
      .url({ protocol: /^https?$/, error: 'must be an http(s) URL' })
      .default('http://127.0.0.1:8080')
      .transform((url) => url.replace(/\/+$/, '')),
    /** The mail server. Without it mails go to MAIL_FOLDER, or else into the log (in production without their links). */
    SMTP_URL: z
      .string()
      .regex(/^smtps?:\/\//, 'must start with smtp:// or smtps://')
      .optional(),
    /** A folder that takes mails as files, for development. */
    MAIL_FOLDER: z.string().optional(),
    /** Sender of mails. */
    MAIL_FROM: z.string().default('PipeDesk <no-reply@localhost>'),
    /** For how many days a key signs tokens before the next one does. */
    AUTH_KEY_ROTATION_DAYS: z.coerce.number().int().min(1).max(3650).default(90),
    /** Lifetime of an access token in seconds. */
    AUTH_TOKEN_TTL: z.coerce.number().int().min(60).max(86_400).default(600),
    ...googleEnv,
  })
  .refine(isGoogleWhole, googleNotWhole)
  .refine(isGoogleGenuine, googleNotGenuine)
  .refine(hasLegacyEnd, noLegacyEnd)
  .refine(
    ({ NODE_ENV, AUTH_KEY_SECRET }) => NODE_ENV !== 'production' || AUTH_KEY_SECRET !== developmentKeySecret,
    {
      path: ['AUTH_KEY_SECRET'],
      error: 'must be given in production: 32 random bytes in base64',
    },
  );

export type Config = z.infer<typeof configSchema>;

/** @throws ConfigError listing every variable that is missing or wrong */
export const readConfig = (): Config => loadConfig(configSchema);
