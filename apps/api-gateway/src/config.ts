import { hasLegacyEnd, httpEnv, legacyEnv, loadConfig, noLegacyEnd, tokenEnv } from '@pipedesk/service-kit';
import { z } from 'zod';
import type { Quotas } from './limits/rate-limits.ts';
import type { ReadQuotas } from './limits/read-limits.ts';

/** Services are reached inside the cluster, over plain HTTP, at the root of their host. */
const serviceUrl = z
  .url({ protocol: /^http$/, error: 'must be an http URL' })
  .refine((text) => URL.parse(text)?.pathname === '/', 'must not have a path');

/** Requests a minute; 0 for no limit. */
const quota = z.coerce.number().int().min(0).max(1_000_000_000);

const limits = {
  /** Where gateways add up what they count for the limits, e.g. `redis://redis:6379`. Each counts alone unless given. */
  REDIS_URL: z
    .string()
    .regex(/^rediss?:\/\//, 'must start with redis:// or rediss://')
    .optional(),
  /** Requests a minute without a valid token from one network address (IPv6: /56); 0 for no limit. */
  RATE_LIMIT_IP: quota.default(1_200),
  /** Logins, sign-ups, refreshes and the like a minute from one network address (IPv6: /56); 0 for no limit. */
  RATE_LIMIT_AUTH: quota.default(300),
  /** Reads a minute of one user; 0 for no limit. */
  RATE_LIMIT_READ: quota.default(1_200),
  /** Changes a minute of one user; 0 for no limit. */
  RATE_LIMIT_WRITE: quota.default(600),
  /** Imports and exports a minute of one user; 0 for no limit. */
  RATE_LIMIT_BULK: quota.default(60),
  /** Requests a minute of all users of a tenant; 0 for no limit. At least twice what one user may send. */
  RATE_LIMIT_TENANT: quota.default(30_000),
};

/** Records an hour; 0 for no limit. */
const readLimits = {
  /** Records an hour that a viewer may read; 0 for no limit. */
  READ_LIMIT_VIEWER: quota.default(5_000),
  /** Records an hour that somebody in sales may read; 0 for no limit. */
  READ_LIMIT_SALES: quota.default(10_000),
  /** Records an hour that a manager may read; 0 for no limit. */
  READ_LIMIT_MANAGER: quota.default(50_000),
  /** Records an hour that an admin may read, exports of the audit trail aside; 0 for no limit. */
  READ_LIMIT_ADMIN: quota.default(200_000),
  /** Records an hour that all users of a tenant may read; 0 for no limit. At least twice what one user may. */
  READ_LIMIT_TENANT: quota.default(1_000_000),
};

/** One user alone must not be able to lock the others of the tenant out. */
function leavesRoomForOthers(config: Omit<Record<keyof typeof limits, number>, 'REDIS_URL'>): boolean {
  const { RATE_LIMIT_READ, RATE_LIMIT_WRITE, RATE_LIMIT_BULK, RATE_LIMIT_TENANT } = config;
  const ofOneUser = [RATE_LIMIT_READ, RATE_LIMIT_WRITE, RATE_LIMIT_BULK];
  if (RATE_LIMIT_TENANT === 0) return true;
  return !ofOneUser.includes(0) && RATE_LIMIT_TENANT >= 2 * ofOneUser.reduce((sum, each) => sum + each);
}

/** The same of reading: what one user may is at most half of what all may. */
function leavesOthersToRead(config: Record<keyof typeof readLimits, number>): boolean {
  const { READ_LIMIT_TENANT: ofAll, ...ofOne } = config;
  if (ofAll === 0) return true;
  return [
    ofOne.READ_LIMIT_VIEWER,
    ofOne.READ_LIMIT_SALES,
    ofOne.READ_LIMIT_MANAGER,
    ofOne.READ_LIMIT_ADMIN,
  ].every((each) => each > 0 && 2 * each <= ofAll);
}

export const configSchema = z
  .object({
    ...httpEnv,
    ...tokenEnv,
    ...limits,
    ...readLimits,
    ...legacyEnv,
    /** The gateway is the edge: nobody's X-Forwarded-For is believed unless named here. */
    TRUSTED_PROXIES: z.string().default('none'),
    AUTH_URL: serviceUrl,
    CRM_URL: serviceUrl,
    CALENDAR_SYNC_URL: serviceUrl,
    AUDIT_URL: serviceUrl,
    TIMELINE_URL: serviceUrl,
    /** Origins whose pages may call the API, comma-separated, e.g. `https://app.example.com`. None unless given. */
    CORS_ORIGINS: z
      .string()
      .default('')
      .transform((text) => text.split(',').flatMap((origin) => origin.trim() || []))
      .pipe(
        z.array(
          z.string().refine((text) => URL.parse(text)?.origin === text, 'must be origins without a path'),
        ),
      ),
  })
  .refine(hasLegacyEnd, noLegacyEnd)
  .refine(leavesRoomForOthers, {
    path: ['RATE_LIMIT_TENANT'],
    error:
      'must be at least twice what RATE_LIMIT_READ, _WRITE and _BULK give one user: nobody may use up what is for all',
  })
  .refine(leavesOthersToRead, {
    path: ['READ_LIMIT_TENANT'],
    error:
      'must be at least twice what READ_LIMIT_ gives one user of any role: nobody may use up what is for all',
  });

/** The limits of reading as the application takes them. */
export function readQuotasOf(config: Config): ReadQuotas {
  return {
    viewer: config.READ_LIMIT_VIEWER,
    sales: config.READ_LIMIT_SALES,
    manager: config.READ_LIMIT_MANAGER,
    admin: config.READ_LIMIT_ADMIN,
    tenant: config.READ_LIMIT_TENANT,
  };
}

/** The limits as the application takes them. */
export function quotasOf(config: Config): Quotas {
  return {
    ip: config.RATE_LIMIT_IP,
    auth: config.RATE_LIMIT_AUTH,
    read: config.RATE_LIMIT_READ,
    write: config.RATE_LIMIT_WRITE,
    bulk: config.RATE_LIMIT_BULK,
    tenant: config.RATE_LIMIT_TENANT,
  };
}

export type Config = z.infer<typeof configSchema>;

/** @throws ConfigError listing every variable that is missing or wrong */
export const readConfig = (): Config => loadConfig(configSchema);
