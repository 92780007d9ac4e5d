import { rmSync } from 'node:fs';
import { createMachineFacts } from '../provision/machine.ts';
import type { Report } from '../provision/progress.ts';
import { resolveOrigin } from '../provision/resolve.ts';
import type { Origin } from '../provision/resolve.ts';
import { instanceFolder } from './cache.ts';
import type { BrokerControl, DatabaseControl } from './controls.ts';
import { claimInstance, discardAbandoned } from './instance.ts';
import { mergeParts } from './part.ts';
import type { BackingPart, Need, PartOptions } from './part.ts';
import { findFreePorts, fixedPorts } from './ports.ts';
import type { BackingPorts } from './ports.ts';
import { startFromDebianRoot } from './start-debian.ts';
import { startFromDocker } from './start-docker.ts';
import { useEnvironment } from './start-environment.ts';

export interface BackingOptions {
  /** Names the data: lower-case letters, digits and dashes. One process at a time may run an instance. */
  instance: string;
  /** Data is removed on stop, and by a later run if this one dies. */
  ephemeral?: boolean;
  /** `fixed`: the documented ports of `npm start`; `free`: any that nobody uses. */
  ports: 'fixed' | 'free';
  /** Default: both. */
  only?: Need[];
  /** Ignores MONGODB_URI and AMQP_URL: for tests that must own what they break. */
  dedicated?: boolean;
  progress?: Report;
  /** Restart a backing process that ends by itself, with a growing pause, and say so. Off by default. */
  supervise?: boolean;
}

export interface BackingServices {
  origin: Partial<Record<Need, Origin>>;
  /** Empty when only the broker was asked for. */
  mongodbUri: string;
  /** Empty when only the database was asked for. */
  amqpUrl: string;
  amqpManagementUrl?: string | undefined;
  /** The PostgreSQL behind the gateway, where there is one. */
  postgres?: { host: string; port: number } | undefined;
  database?: DatabaseControl | undefined;
  broker?: BrokerControl | undefined;
  logFolder?: string | undefined;
  /** Stops every process this call started; removes the data of an ephemeral instance. */
  stop(): Promise<void>;
}

const parts: Record<Origin, (options: PartOptions) => Promise<BackingPart>> = {
  environment: useEnvironment,
  docker: startFromDocker,
  'debian-root': startFromDebianRoot,
};

/**
 * Starts (or finds) MongoDB and RabbitMQ and returns when both answer.
 * @throws when none of the ways applies, when a fixed port is taken, when the instance is in use, or when a server does not
 * come up; the message then quotes the end of its log. Whatever was started by then is stopped again.
 */
export async function startBackingServices(options: BackingOptions): Promise<BackingServices> {
  const origin = await resolveOrigins(options);
  const folder = instanceFolder(options.instance);
  const report = options.progress ?? (() => undefined);
  if (options.ephemeral) await discardAbandoned();
  const release = await claimInstance(folder, { ephemeral: options.ephemeral ?? false, report });
  const cleanUp = () => {
    if (options.ephemeral) rmSync(folder, { recursive: true, force: true });
    release();
  };
  try {
    const ports = options.ports === 'free' ? await findFreePorts(portNames) : fixedPorts;
    const started = await startParts(origin, {
      instance: options.instance,
      folder,
      ports,
      freePorts: options.ports === 'free',
      ephemeral: options.ephemeral ?? false,
      report,
      supervise: options.supervise ?? false,
    });
    return {
      mongodbUri: '',
      amqpUrl: '',
      ...mergeParts(started),
      origin,
      stop: async () => {
        await Promise.all(started.map((part) => part.stop()));
        cleanUp();
      },
    };
  } catch (error) {
    cleanUp();
    throw error;
  }
}

const portNames = Object.keys(fixedPorts) as (keyof BackingPorts)[];

async function resolveOrigins({ only, dedicated }: BackingOptions): Promise<Partial<Record<Need, Origin>>> {
  const facts = createMachineFacts();
  const variables = { mongo: 'MONGODB_URI', amqp: 'AMQP_URL' } as const;
  const origin: Partial<Record<Need, Origin>> = {};
  for (const need of only ?? (['mongo', 'amqp'] as const)) {
    const variable = variables[need];
    origin[need] = await resolveOrigin(variable, dedicated ? undefined : process.env[variable], facts);
  }
  return origin;
}

async function startParts(
  origin: Partial<Record<Need, Origin>>,
  options: Omit<PartOptions, 'needs'>,
): Promise<BackingPart[]> {
  const wanted = Object.entries(origin) as [Need, Origin][];
  const origins = [...new Set(wanted.map(([, from]) => from))];
  const outcomes = await Promise.allSettled(
    origins.map((from) => {
      const needs = wanted.filter(([, its]) => its === from).map(([need]) => need);
      return parts[from]({ ...options, needs });
    }),
  );
  const started = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (!failed) return started;
  await Promise.all(started.map((part) => part.stop()));
  throw failed.reason;
}

let brokers = 0;

export type DedicatedBroker = BrokerControl & {
  amqpUrl: string;
  amqpManagementUrl: string;
  dispose(): Promise<void>;
};

/** A broker of its own for tests that break it; `dispose()` stops it and removes its data. */
export async function startBroker(options: Pick<BackingOptions, 'progress'> = {}): Promise<DedicatedBroker> {
  const instance = `broker-${process.pid}-${++brokers}`;
  const backing = await startBackingServices({
    ...options,
    instance,
    ephemeral: true,
    ports: 'free',
    only: ['amqp'],
    dedicated: true,
  });
  if (!backing.broker || !backing.amqpManagementUrl)
    throw new Error('A dedicated broker must be one this program controls.');
  return {
    ...backing.broker,
    amqpUrl: backing.amqpUrl,
    amqpManagementUrl: backing.amqpManagementUrl,
    dispose: () => backing.stop(),
  };
}
