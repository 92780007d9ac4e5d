/**
 * For how long headers made to hurt keep the gateway's event loop from turning: `node bench/hostile-headers.ts`. The
 * first line is the same load of ordinary requests: what the machine itself adds. A stall counts the time that other
 * processes had the core as well; what one request can hold the loop for is less than the CPU time of all.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { buildPerson } from '../test/tokens.ts';
import { startUpstream } from './load.ts';
import { startProxy } from './start-proxy.ts';

const times = 50;
/** What is left of 16 KiB beside the request line and the other headers. */
const room = 16 * 1024 - 200;
const fill = (unit: string) => unit.repeat(Math.floor(room / unit.length));

const attacks: Record<string, string[]> = {
  'ordinary requests': [`Authorization: Bearer ${buildPerson().token}`],
  'a token without spaces': [`Authorization: ${fill('a')}`],
  'a scheme without an end': [`Authorization: Bearer${fill('\t')}`],
  'a token of dots': [`Authorization: Bearer ${fill('.')}`],
  'a token of short parts': [`Authorization: Bearer ${fill('a.')}`],
  'many headers': Array.from({ length: 900 }, (_, index) => `x${index}: 1`),
  'many names in Connection': [`Connection: ${fill('a,')}`],
  'many proxies': [`X-Forwarded-For: ${fill('1,')}`],
  'a long trace': [`Traceparent: 00-${fill('0')}`],
  'a long request id': [`X-Request-Id: ${fill('a')}`],
};

const upstream = await startUpstream();
const gateway = await startProxy('gateway', upstream.port);
await attack(attacks['ordinary requests'] ?? []);
for (const [name, headers] of Object.entries(attacks)) {
  await gateway.usage();
  const statuses = await attack(headers);
  const { cpu, longestStall } = await gateway.usage();
  const columns = [
    name.padEnd(26),
    statuses.padEnd(8),
    `longest stall ${longestStall.toFixed(1).padStart(6)} ms`,
    `CPU of all ${times}: ${(cpu / 1000).toFixed(1)} ms`,
  ];
  console.log(`  ${columns.join('  ')}`);
}
await gateway.stop();
upstream.stop();

/** Sends all at once. @returns the statuses that were answered */
async function attack(headers: string[]): Promise<string> {
  const bytes = ['GET /deals HTTP/1.1', 'Host: gateway', ...headers, '', ''].join('\r\n');
  const answers = await Promise.all(Array.from({ length: times }, () => statusOf(bytes)));
  return [...new Set(answers)].join(', ');
}

async function statusOf(bytes: string): Promise<string> {
  const socket = connect(gateway.port, '127.0.0.1');
  socket.write(bytes);
  const [chunk] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return chunk.toString('latin1', 9, 12);
}
