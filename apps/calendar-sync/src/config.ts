import { amqpEnv, httpEnv, loadConfig, mongoEnv, tokenEnv } from '@pipedesk/service-kit';
import { z } from 'zod';

export const configSchema = z.object({
  ...httpEnv,
  ...mongoEnv,
  ...amqpEnv,
  ...tokenEnv,
  /** Base URL of crm, which knows the records that meetings are linked to. */
  CRM_URL: z.url({ protocol: /^https?$/, error: 'must be an http(s) URL' }),
});

export type Config = z.infer<typeof configSchema>;

/** @throws ConfigError listing every variable that is missing or wrong */
export const readConfig = (): Config => loadConfig(configSchema);
