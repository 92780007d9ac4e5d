import { join } from 'node:path';
import { supervise } from '../services/supervise.ts';
import { provideDebianRoot } from '../provision/debian-root.ts';
import { mergeParts } from './part.ts';
import type { BackingPart, PartOptions } from './part.ts';
import type { BrokerControl, DatabaseControl } from './controls.ts';
import { createGateway } from './gateway.ts';
import { refuseTakenPorts } from './ports.ts';
import type { BackingPorts } from './ports.ts';
import { createPostgres } from './postgres.ts';
import type { Postgres } from './postgres.ts';
import { createRabbit } from './rabbitmq.ts';
import type { Rabbit } from './rabbitmq.ts';

/** Starts the servers of the private Debian root as child processes. */
export async function startFromDebianRoot(options: PartOptions): Promise<BackingPart> {
  const root = await provideDebianRoot(options.report);
  // Only now: building the root takes a minute, in which another stack may have come up.
  if (!options.freePorts) await refuseTakenPorts(portsOf(options));
  const starts = options.needs.map((need) =>
    need === 'mongo' ? startDatabase(root, options) : startRabbit(root, options),
  );
  const outcomes = await Promise.allSettled(starts);
  const started = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const merged = mergeParts(started);
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed) {
    await merged.stop();
    throw failed.reason;
  }
  return { ...merged, logFolder: join(options.folder, 'log') };
}

function portsOf({ needs, ports }: PartOptions): Partial<BackingPorts> {
  const { mongo, postgres, ...broker } = ports;
  return {
    ...(needs.includes('mongo') ? { mongo, postgres } : {}),
    ...(needs.includes('amqp') ? broker : {}),
  };
}

async function startDatabase(root: string, options: PartOptions): Promise<BackingPart> {
  const { folder, ports, report } = options;
  const postgres = createPostgres({ root, folder, port: ports.postgres });
  const gateway = createGateway({ folder, port: ports.mongo, postgresPort: ports.postgres });
  const stop = async () => {
    await gateway.stop();
    await postgres.stop();
  };
  try {
    await timed(report, 'PostgreSQL with DocumentDB', () => postgres.start());
    await timed(report, 'MongoDB gateway', () => gateway.start());
  } catch (error) {
    await stop();
    throw error;
  }
  if (options.supervise) for (const each of [postgres, gateway]) supervise(each, report);
  const database = controlDatabase(postgres, gateway);
  return {
    mongodbUri: gateway.mongodbUri,
    postgres: { host: '127.0.0.1', port: ports.postgres },
    database,
    stop,
  };
}

async function startRabbit(root: string, options: PartOptions): Promise<BackingPart> {
  const { folder, ports, report } = options;
  const rabbit = createRabbit({ root, folder, ports });
  try {
    await timed(report, 'RabbitMQ', () => rabbit.start());
  } catch (error) {
    await rabbit.shutDown();
    throw error;
  }
  if (options.supervise) supervise(rabbit, report);
  const { amqpUrl, amqpManagementUrl } = rabbit;
  return { amqpUrl, amqpManagementUrl, broker: controlBroker(rabbit), stop: () => rabbit.shutDown() };
}

async function timed(
  report: (line: string) => void,
  name: string,
  start: () => Promise<void>,
): Promise<void> {
  const began = performance.now();
  await start();
  report(`${name} is ready (${((performance.now() - began) / 1000).toFixed(1)} s)`);
}

function controlBroker(rabbit: Rabbit): BrokerControl {
  return {
    pid: () => rabbit.pid(),
    kill: () => rabbit.kill(),
    stop: () => rabbit.stop(),
    start: () => rabbit.start(),
    freeze: () => rabbit.freeze(),
    thaw: () => Promise.resolve(rabbit.thaw()),
    rabbitmqctl: (...args) => rabbit.rabbitmqctl(...args),
  };
}

function controlDatabase(postgres: Postgres, gateway: ReturnType<typeof createGateway>): DatabaseControl {
  return {
    pids: () => ({ server: postgres.pid(), gateway: gateway.pid() }),
    killServer: () => postgres.kill({ tree: true }),
    startServer: () => postgres.start(),
    killGateway: () => gateway.kill(),
    startGateway: () => gateway.start(),
    freeze: () => postgres.freeze(),
    thaw: () => Promise.resolve(postgres.thaw()),
  };
}
