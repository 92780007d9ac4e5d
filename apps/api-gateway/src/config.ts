import { httpEnv, loadConfig, tokenEnv } from '@pipedesk/service-kit';
import { z } from 'zod';

/** Services are reached inside the cluster, over plain HTTP, at the root of their host. */
const serviceUrl = z
  .url({ protocol: /^http$/, error: 'must be an http URL' })
  .refine((text) => URL.parse(text)?.pathname === '/', 'must not have a path');

export const configSchema = z.object({
  ...httpEnv,
  ...tokenEnv,
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
});

export type Config = z.infer<typeof configSchema>;

/** @throws ConfigError listing every variable that is missing or wrong */
export const readConfig = (): Config => loadConfig(configSchema);
