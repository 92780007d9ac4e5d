import { amqpEnv, httpEnv, loadConfig, mongoEnv, tokenEnv } from '@pipedesk/service-kit';
import { z } from 'zod';

/** For trying the system: whoever knows it and can write the database can seal. Production has to bring its own. */
const developmentKeySecret = Buffer.from('pipedesk development seal secret').toString('base64');

/** AES-256 takes 32 bytes. `openssl rand -base64 32` makes one. */
const keySecret = z
  .base64({ error: 'must be base64' })
  .refine((text) => Buffer.from(text, 'base64').length === 32, 'must be 32 bytes in base64');

export const configSchema = z
  .object({
    ...httpEnv,
    ...mongoEnv,
    ...amqpEnv,
    ...tokenEnv,
    /** Encrypts the keys that sign the audit trail and marks stored records as the service's own. Production has no default. */
    AUDIT_KEY_SECRET: keySecret.default(developmentKeySecret),
    /** Days after which the next key signs the audit trail. */
    AUDIT_KEY_ROTATION_DAYS: z.coerce.number().int().min(1).max(3_650).default(90),
    /** Ids of keys made under an earlier `AUDIT_KEY_SECRET` that still count, comma-separated. */
    AUDIT_TRUSTED_KEYS: z.string().default(''),
    /** Seconds between two rounds of removing what retention says is too old. */
    AUDIT_REMOVAL_INTERVAL_SECONDS: z.coerce.number().int().min(1).max(86_400).default(60),
    /** A file that takes every sealed record of every tenant as a JSON line, for a SIEM's collector. Of one replica alone. */
    AUDIT_STREAM_FILE: z.string().optional(),
    /** Hosts (with a port that is not their scheme's) to which webhooks may go without TLS and inside the network, comma-separated. */
    AUDIT_STREAM_ALLOWED_HOSTS: z.string().default(''),
  })
  .refine(
    ({ NODE_ENV, AUDIT_KEY_SECRET }) =>
      NODE_ENV !== 'production' || AUDIT_KEY_SECRET !== developmentKeySecret,
    {
      path: ['AUDIT_KEY_SECRET'],
      error: 'must be given in production: 32 random bytes in base64',
    },
  );

export type Config = z.infer<typeof configSchema>;

/** @throws ConfigError listing every variable that is missing or wrong */
export const readConfig = (): Config => loadConfig(configSchema);

/** The replay of dead letters needs the broker alone. @throws ConfigError */
export const readReplayConfig = () => loadConfig(z.object(amqpEnv));
