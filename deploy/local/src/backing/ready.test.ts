import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { findFreePorts, findTakenPorts } from './ports.ts';
import { answersAmqp, answersMongo } from './ready.ts';

let server: Server | undefined;

afterEach(() => {
  server?.close();
});

async function serve(answer: Buffer | undefined): Promise<number> {
  const listening = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', () => answer && socket.write(answer));
  });
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  return (listening.address() as AddressInfo).port;
}

describe('readiness', () => {
  it('is not a port that merely accepts connections', async () => {
    const port = await serve(undefined);
    expect(
      await Promise.all([answersAmqp('127.0.0.1', port), answersMongo('127.0.0.1', port, 'hello')]),
    ).toEqual([false, false]);
  });

  it('of a broker is connection.start, not another protocol header', async () => {
    const refusal = await serve(Buffer.from('AMQP\0\0\x09\x01\0\0\0\0', 'latin1'));
    expect(await answersAmqp('127.0.0.1', refusal)).toBe(false);
    server?.close();
    const start = await serve(Buffer.from([1, 0, 0, 0, 0, 0, 4, 0, 10, 0, 10, 0xce]));
    expect(await answersAmqp('127.0.0.1', start)).toBe(true);
  });

  it('of a database is an answer with ok 1', async () => {
    const reply = (ok: number) => {
      const bytes = Buffer.concat([Buffer.from('header\x01ok\0', 'latin1'), Buffer.alloc(9)]);
      bytes.writeDoubleLE(ok, 10);
      return bytes;
    };
    expect(await answersMongo('127.0.0.1', await serve(reply(0)), 'hello')).toBe(false);
    server?.close();
    expect(await answersMongo('127.0.0.1', await serve(reply(1)), 'hello')).toBe(true);
  });
});

describe('ports', () => {
  it('that are free differ from each other and stay clear of those the kernel hands to clients', async () => {
    const ports = Object.values(await findFreePorts(['a', 'b', 'c']));
    expect(new Set(ports).size).toBe(3);
    expect(ports.every((port) => port >= 20_000 && port < 32_000)).toBe(true);
  });

  it('are given once, although nobody listens on them yet', async () => {
    const names = Array.from({ length: 60 }, (_, index) => String(index));
    const given: number[] = [];
    for (let stack = 0; stack < 10; stack++) given.push(...Object.values(await findFreePorts(names)));
    expect(new Set(given).size).toBe(given.length);
  });

  it('that are taken are named', async () => {
    const port = await serve(undefined);
    const { free } = await findFreePorts(['free']);
    expect(await findTakenPorts({ auth: port, crm: free })).toEqual([`${port} (auth)`]);
  });
});
