import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findUser, sandboxed, sandboxHome } from '../provision/sandbox.ts';
import { createChild } from './child.ts';
import { definitionsFile } from './definitions.ts';
import type { BackingPorts } from './ports.ts';
import { answersAmqp } from './ready.ts';
import { waitUntil } from './wait.ts';

const host = '127.0.0.1';
const user = 'rabbitmq';
const startTimeout = 60_000;
/** As in deploy/rabbitmq/definitions.json. */
const credentials = 'pipedesk:pipedesk';

export type RabbitPorts = Pick<
  BackingPorts,
  'amqp' | 'amqpManagement' | 'amqpPrometheus' | 'amqpDistribution' | 'epmd'
>;

export interface RabbitOptions {
  root: string;
  /** The instance's folder; RabbitMQ gets `rabbitmq/` in it. */
  folder: string;
  ports: RabbitPorts;
}

/**
 * A RabbitMQ node of its own: own name registry, cookie, data and loopback ports. `start()` returns when the broker answers
 * the AMQP handshake; the repository's definitions are loaded by then.
 */
export function createRabbit(options: RabbitOptions) {
  const { root, ports } = options;
  const folder = join(options.folder, 'rabbitmq');
  const env = environment(ports);
  const recordFile = (name: string) => join(options.folder, 'processes', `${name}.json`);
  const inside = (command: string[]) =>
    sandboxed({ root, folder, user, env, parentDeathSignal: 'TERM', command });

  // Started here because the Erlang VM would otherwise start one that outlives it as a daemon.
  const registry = createChild({
    ...inside(['epmd', '-address', host, '-port', String(ports.epmd)]),
    name: 'epmd',
    logFile: join(options.folder, 'log', 'epmd.log'),
    recordFile: recordFile('epmd'),
  });
  const broker = createChild({
    ...inside(['/usr/lib/rabbitmq/bin/rabbitmq-server']),
    name: 'rabbitmq',
    logFile: join(options.folder, 'log', 'rabbitmq.log'),
    recordFile: recordFile('rabbitmq'),
    stopTimeout: 30_000,
  });

  async function start(): Promise<void> {
    prepareFolder(root, folder, ports);
    if (!registry.isRunning()) registry.start();
    broker.start();
    const inTime = await waitUntil(
      () => !broker.isRunning() || answersAmqp(host, ports.amqp),
      startTimeout,
      100,
    );
    if (inTime && broker.isRunning()) return;
    const reason = broker.isRunning() ? `does not answer after ${startTimeout / 1000} s` : 'ended at once';
    throw new Error(`RabbitMQ ${reason}. The end of ${broker.logFile}:\n${broker.logTail()}`);
  }

  return {
    ...broker,
    start,
    /** Stops the node and its name registry. */
    async shutDown(): Promise<void> {
      await broker.stop();
      await registry.stop();
    },
    async rabbitmqctl(...args: string[]): Promise<string> {
      const { command, args: all } = inside(['/usr/lib/rabbitmq/bin/rabbitmqctl', ...args]);
      return (await promisify(execFile)(command, all, { timeout: 180_000 })).stdout;
    },
    amqpUrl: `amqp://${credentials}@${host}:${ports.amqp}`,
    amqpManagementUrl: `http://${credentials}@${host}:${ports.amqpManagement}`,
    prometheusUrl: `http://${host}:${ports.amqpPrometheus}/metrics`,
  };
}

export type Rabbit = ReturnType<typeof createRabbit>;

function prepareFolder(root: string, folder: string, ports: RabbitPorts): void {
  const { uid, gid } = findUser(root, user);
  mkdirSync(folder, { recursive: true });
  const cookie = join(folder, '.erlang.cookie');
  if (!existsSync(cookie)) writeFileSync(cookie, randomBytes(24).toString('hex'));
  writeFileSync(join(folder, 'rabbitmq.conf'), configuration(ports));
  writeFileSync(join(folder, 'enabled_plugins'), '[rabbitmq_management, rabbitmq_prometheus].\n');
  copyFileSync(definitionsFile, join(folder, 'definitions.json'));
  for (const path of [folder, cookie]) chownSync(path, uid, gid);
  chmodSync(cookie, 0o400);
}

function configuration(ports: RabbitPorts): string {
  return `
listeners.tcp.1 = ${host}:${ports.amqp}
management.tcp.ip = ${host}
management.tcp.port = ${ports.amqpManagement}
prometheus.tcp.ip = ${host}
prometheus.tcp.port = ${ports.amqpPrometheus}
load_definitions = ${sandboxHome}/definitions.json
# The defaults (60 % of memory, 50 MB of disk) would let the broker take a shared developer's machine with it.
vm_memory_high_watermark.absolute = 1GB
disk_free_limit.absolute = 256MB
log.file = false
log.console = true
log.console.level = info
log.console.use_colors = off
`;
}

function environment(ports: RabbitPorts): Record<string, string> {
  return {
    // Makes the start script become the Erlang VM instead of watching over it: the pid is then the broker's.
    RUNNING_UNDER_SYSTEMD: 'true',
    ERL_EPMD_PORT: String(ports.epmd),
    ERL_EPMD_ADDRESS: host,
    RABBITMQ_NODENAME: 'pipedesk@localhost',
    RABBITMQ_DIST_PORT: String(ports.amqpDistribution),
    RABBITMQ_MNESIA_BASE: `${sandboxHome}/data`,
    RABBITMQ_LOG_BASE: `${sandboxHome}/log`,
    RABBITMQ_CONFIG_FILE: `${sandboxHome}/rabbitmq.conf`,
    RABBITMQ_ENABLED_PLUGINS_FILE: `${sandboxHome}/enabled_plugins`,
    RABBITMQ_PID_FILE: `${sandboxHome}/pid`,
    // Two schedulers that sleep instead of spinning: the cores are shared with the services and the database.
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS:
      '+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none +B i -kernel inet_dist_use_interface {127,0,0,1}',
    RABBITMQ_CTL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
  };
}
