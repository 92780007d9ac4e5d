import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
// Loads what is tested.
import './connection.ts';

interface DriverConnection {
  command(namespace: unknown, command: object, options: object): Promise<unknown>;
}

const driver = createRequire(createRequire(import.meta.url).resolve('mongoose'));
const { Connection } = driver('mongodb/lib/cmap/connection.js') as {
  Connection: new (socket: Socket, options: object) => DriverConnection;
};
const { ns } = driver('mongodb/lib/utils.js') as { ns: (name: string) => unknown };

let server: Server;
const accepted: Socket[] = [];
beforeAll(async () => {
  server = createServer((socket) => {
    accepted.push(socket.on('error', () => undefined));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => {
  for (const socket of accepted) socket.destroy();
  server.close();
});

/** A connection of the driver as its monitor and its pool make them, before the first command. */
async function open(): Promise<{ socket: Socket; connection: DriverConnection }> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  await once(socket, 'connect');
  const connection = new Connection(socket, { hostAddress: 'test', generation: 0, id: 1 });
  return { socket, connection };
}

const hello = (connection: DriverConnection, more: object = {}) =>
  Promise.race([
    connection.command(ns('admin.$cmd'), { hello: 1, ...more }, { socketTimeoutMS: 200 }).catch(String),
    sleep(2_000, 'hangs', { ref: false }),
  ]);

it('a command on a connection that is just ending fails', async () => {
  const { socket, connection } = await open();
  // Destroyed, but its end is not told yet: so it is when a peer closes what it has just accepted.
  socket.destroy();
  expect(await hello(connection)).toMatch(/connection 1 .* closed/);
});

it('a command that is still being written when its connection ends fails', async () => {
  const { socket, connection } = await open();
  const answer = hello(connection, { much: 'x'.repeat(20_000_000) });
  await sleep(50);
  socket.destroy();
  expect(await answer).toMatch(/connection 1 .* closed/);
});
