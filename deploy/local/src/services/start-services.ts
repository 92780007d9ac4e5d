import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../backing/cache.ts';
import { boundToParent, createChild } from '../backing/child.ts';
import type { Child } from '../backing/child.ts';
import { findFreePorts } from '../backing/ports.ts';
import { waitUntil } from '../backing/wait.ts';
import { serviceEnvironment, serviceNames, servicePorts, urlOf } from './service-environment.ts';
import type { ServiceName, ServicePorts } from './service-environment.ts';
import { supervise } from './supervise.ts';

const readyTimeout = 60_000;
/** The services give up waiting for their own shutdown steps after 30 s; only then are they killed. */
const stopTimeout = 32_000;

export interface ServicesOptions {
  /** `BackingServices` fits; so do URLs of a virtual host of a test's own. */
  backing: { mongodbUri: string; amqpUrl: string };
  /** `fixed`: 8080 to 8085; `free`: any that nobody uses. */
  ports: 'fixed' | 'free';
  /** For logs and process records; one folder per running system. */
  folder: string;
  /** Default: all six. */
  only?: ServiceName[];
  /** Databases are `<prefix>_<service>`; default `pipedesk`. */
  databasePrefix?: string;
  /** On top of what every service is given, for one service or (as `all`) for each. */
  env?: Partial<Record<ServiceName | 'all', Record<string, string>>>;
  /** Restart what dies by itself, with a growing pause. Off by default: a test that kills a service decides what follows. */
  supervise?: boolean;
  progress?: (line: string) => void;
  /** Gives up waiting; what was started is stopped. */
  signal?: AbortSignal;
}

export interface RunningServices {
  /** Base URL of each service, `http://127.0.0.1:<port>`. */
  urls: Record<ServiceName, string>;
  logFile(name: ServiceName): string;
  pid(name: ServiceName): number;
  isRunning(name: ServiceName): boolean;
  /** SIGKILL; waits until it is gone. */
  kill(name: ServiceName): Promise<void>;
  /** Starts a service that was stopped or killed; resolves when it is ready. `env` counts for this one start. */
  start(name: ServiceName, env?: Record<string, string>): Promise<void>;
  /** In order (SIGTERM): one service, or all. */
  stop(name?: ServiceName): Promise<void>;
  freeze(name: ServiceName): Promise<void>;
  thaw(name: ServiceName): void;
}

/**
 * Starts the services as child processes and returns when every one answers `GET /health/ready` with 200.
 * @throws naming the service that did not get there, with the end of its log; the others are stopped by then
 */
export async function startServices(options: ServicesOptions): Promise<RunningServices> {
  const names = options.only ?? serviceNames;
  const ports: ServicePorts = options.ports === 'free' ? await findFreePorts(serviceNames) : servicePorts;
  const report = options.progress ?? (() => undefined);
  const environments = new Map(names.map((name) => [name, environmentOf(name, ports, options)]));
  const children = new Map(
    names.map((name) => [name, createService(name, options, () => environments.get(name) ?? {})]),
  );
  const child = (name: ServiceName): Child => {
    const found = children.get(name);
    if (!found) throw new Error(`${name} is not among the services that were started.`);
    return found;
  };
  const start = async (name: ServiceName, extra: Record<string, string> = {}) => {
    const began = performance.now();
    environments.set(name, { ...environmentOf(name, ports, options), ...extra });
    child(name).start();
    await waitUntilReady(child(name), urlOf(ports, name), options.signal);
    report(`${name} is ready (${((performance.now() - began) / 1000).toFixed(1)} s)`);
  };
  const stopAll = async () => void (await Promise.all([...children.values()].map((each) => each.stop())));

  const outcomes = await Promise.allSettled(names.map((name) => start(name)));
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed) {
    await stopAll();
    throw failed.reason;
  }
  if (options.supervise) for (const each of children.values()) supervise(each, report);
  return {
    urls: Object.fromEntries(serviceNames.map((name) => [name, urlOf(ports, name)])) as Record<
      ServiceName,
      string
    >,
    logFile: (name) => child(name).logFile,
    pid: (name) => child(name).pid(),
    isRunning: (name) => child(name).isRunning(),
    kill: (name) => child(name).kill(),
    start,
    stop: (name) => (name ? child(name).stop() : stopAll()),
    freeze: (name) => child(name).freeze(),
    thaw: (name) => child(name).thaw(),
  };
}

function environmentOf(
  name: ServiceName,
  ports: ServicePorts,
  { backing, env, databasePrefix = 'pipedesk' }: ServicesOptions,
): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    ...serviceEnvironment(name, { ...backing, ports, databasePrefix }),
    ...env?.all,
    ...env?.[name],
  };
}

function createService(name: ServiceName, { folder }: ServicesOptions, env: () => NodeJS.ProcessEnv): Child {
  const entry = join(repositoryRoot, 'apps', name, 'src/main.ts');
  if (!existsSync(entry)) throw new Error(`There is no service at ${entry}.`);
  return createChild({
    ...boundToParent(process.execPath, [entry]),
    name,
    cwd: repositoryRoot,
    get env() {
      return env();
    },
    logFile: join(folder, 'log', `${name}.log`),
    recordFile: join(folder, 'processes', `${name}.json`),
    stopTimeout,
  });
}

async function waitUntilReady(child: Child, url: string, signal?: AbortSignal): Promise<void> {
  let last = 'nothing listens';
  const ready = async () => {
    if (!child.isRunning() || signal?.aborted) return true;
    try {
      const response = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(3_000) });
      last = `${response.status} ${await response.text()}`;
      return response.ok;
    } catch {
      return false;
    }
  };
  const inTime = await waitUntil(ready, readyTimeout, 100);
  if (inTime && child.isRunning()) return;
  const reason = child.isRunning()
    ? `is not ready after ${readyTimeout / 1000} s (${last})`
    : 'ended at once';
  throw new Error(`${child.name} ${reason}. The end of ${child.logFile}:\n${child.logTail()}`);
}
