import { amqpEnv, httpEnv, loadConfig, mongoEnv, tokenEnv } from '@pipedesk/service-kit';
import { z } from 'zod';

export const configSchema = z.object({ ...httpEnv, ...mongoEnv, ...amqpEnv, ...tokenEnv });

export type Config = z.infer<typeof configSchema>;

/** @throws ConfigError listing every variable that is missing or wrong */
export const readConfig = (): Config => loadConfig(configSchema);

/** The replay of dead letters needs the broker alone. @throws ConfigError */
export const readReplayConfig = () => loadConfig(z.object(amqpEnv));
