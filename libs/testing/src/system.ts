import {
  amqpUrlOf,
  type ApiClient,
  createApiClient,
  createVhost,
  deleteVhost,
  type RunningServices,
  type ServiceName,
  startServices,
} from '@pipedesk/local';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface SystemOptions {
  /** A broker of the test's own, when it is going to hurt it; otherwise a virtual host on the run's broker. */
  amqpUrl?: string;
  env?: Partial<Record<ServiceName | 'all', Record<string, string>>>;
}

/** All six services as processes of their own, on free ports, with databases and queues nobody else uses. */
export interface System {
  services: RunningServices;
  /** Through the gateway, without a token. */
  api: ApiClient;
  amqpUrl: string;
  databasePrefix: string;
  close(): Promise<void>;
}

/** @throws Error when MONGODB_URI and AMQP_URL do not say where the run's backing services are: `npm test` sets them */
export async function startSystem({ amqpUrl, env }: SystemOptions = {}): Promise<System> {
  const name = `e2e-${randomUUID().slice(0, 8)}`;
  const folder = mkdtempSync(join(tmpdir(), `pipedesk-${name}-`));
  const databasePrefix = name.replace('-', '_');
  const bus = amqpUrl === undefined ? await ownVhost(name) : { url: amqpUrl, drop: () => Promise.resolve() };
  const services = await startServices({
    backing: { mongodbUri: given('MONGODB_URI'), amqpUrl: bus.url },
    ports: 'free',
    folder,
    databasePrefix,
    ...(env === undefined ? {} : { env }),
  });
  return {
    services,
    api: createApiClient(services.urls['api-gateway']),
    amqpUrl: bus.url,
    databasePrefix,
    close: async () => {
      await services.stop();
      await bus.drop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function ownVhost(name: string): Promise<{ url: string; drop: () => Promise<void> }> {
  const management = given('AMQP_MANAGEMENT_URL');
  await createVhost(management, name);
  return { url: amqpUrlOf(given('AMQP_URL'), name), drop: () => deleteVhost(management, name) };
}

/** A variable `npm test` sets for every suite. */
export function given(variable: string): string {
  const value = process.env[variable];
  if (!value) throw new Error(`${variable} is not set. Run the suites with: npm test`);
  return value;
}
