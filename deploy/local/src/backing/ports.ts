import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tryLock } from './lock.ts';

/**
 * The ports of `npm start`. None is a default port of the product behind it, so an own PostgreSQL, RabbitMQ or MongoDB of
 * the machine is never in the way. The services keep theirs in `services.ts`.
 */
export const fixedPorts = {
  mongo: 27217,
  postgres: 15532,
  amqp: 5772,
  amqpManagement: 15772,
  amqpPrometheus: 15792,
  amqpDistribution: 25772,
  epmd: 25769,
} as const;

export type BackingPorts = { [name in keyof typeof fixedPorts]: number };

/**
 * Below the kernel's range for outgoing connections (32768 and up): inside it, a client that keeps dialling a stopped
 * server's port can be given that very port as its own and connect to itself, and the server cannot come back.
 */
const lowest = 20_000;
const highest = 32_000;

/**
 * A file a port says who was given it, until that process is gone: between finding a port and listening on it, seconds go by in which
 * another stack could find the same, and then be taken for the one that is to listen there.
 */
const claims = join(tmpdir(), 'pipedesk-ports');
const claimed: (() => void)[] = [];
process.on('exit', () => {
  for (const giveBack of claimed) giveBack();
});

/** Finds ports that nobody listens on or was given. All are held open until the last is found, so they differ from each other. */
export async function findFreePorts<T extends string>(names: readonly T[]): Promise<Record<T, number>> {
  const held: Server[] = [];
  const ports = {} as Record<T, number>;
  try {
    for (const name of names) ports[name] = await holdFreePort(held);
    return ports;
  } finally {
    await Promise.all(held.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}

async function holdFreePort(held: Server[]): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest));
    const server = await listen(port);
    if (!server) continue;
    held.push(server);
    if (claim(port)) return port;
  }
  throw new Error(`No free port found between ${lowest} and ${highest}.`);
}

function claim(port: number): boolean {
  const lock = tryLock(join(claims, String(port)));
  if (typeof lock !== 'function') return false;
  claimed.push(lock);
  return true;
}

function listen(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

/** Those of the named ports that something on this machine already listens on. */
export async function findTakenPorts(ports: Record<string, number>): Promise<string[]> {
  const taken: string[] = [];
  for (const [name, port] of Object.entries(ports)) {
    const server = await listen(port);
    if (server) await new Promise((resolve) => server.close(resolve));
    else taken.push(`${port} (${name})`);
  }
  return taken;
}

/** @throws an error that names every port in the way: a server that answers there would be taken for ours */
export async function refuseTakenPorts(ports: Record<string, number>): Promise<void> {
  const taken = await findTakenPorts(ports);
  if (taken.length === 0) return;
  throw new Error(
    `Another program, perhaps a second clone's \`npm start\`, already listens on port ${taken.join(', ')}.`,
  );
}
