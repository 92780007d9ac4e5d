import { amqpEnv, httpEnv, loadConfig, mongoEnv, tokenEnv } from '@pipedesk/service-kit';
import { z } from 'zod';

export const configSchema = z.object({
  ...httpEnv,
  ...mongoEnv,
  ...amqpEnv,
  ...tokenEnv,
  /** Base URL of audit, which knows what records were like at earlier versions. */
  AUDIT_URL: z.url({ protocol: /^https?$/, error: 'must be an http(s) URL' }),
});

export type Config = z.infer<typeof configSchema>;

/** @throws ConfigError listing every variable that is missing or wrong */
export const readConfig = (): Config => loadConfig(configSchema);
