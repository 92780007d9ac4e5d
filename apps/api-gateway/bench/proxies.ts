/**
 * Requests per second of the gateway's hot path, with token verification and access log on, beside a bare `node:http`
 * proxy and http-proxy-3, all in one run against the same upstream: `node apps/api-gateway/bench/proxies.ts [seconds]`.
 * Proxies run as processes of their own; the load comes from this one over 50 kept-alive connections. CPU time a request
 * is the steadier figure on a machine that has other things to do.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buildPerson, publicKeyPem } from '../test/tokens.ts';
import type { ProxyKind, StartProxy } from './proxy-process.ts';

const connections = 50;
const seconds = Number(process.argv[2] ?? 5);
const kinds: ProxyKind[] = ['bare', 'http-proxy-3', 'gateway'];
const { token } = buildPerson();

const body = JSON.stringify({ items: Array.from({ length: 20 }, (_, id) => ({ id, name: 'Forty seats' })) });
const upstream = createServer((_req, res) => {
  res.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  res.end(body);
});
upstream.listen(0, '127.0.0.1');
await once(upstream, 'listening');
const upstreamPort = (upstream.address() as AddressInfo).port;

const results = new Map<ProxyKind, number[]>();
for (const round of [1, 2]) {
  for (const kind of kinds) {
    const { child, port } = await startProxy(kind);
    await load(port, 1);
    const before = await cpuTime(child);
    const { rate, p50, p99 } = await load(port, seconds);
    const cpu = ((await cpuTime(child)) - before) / (rate * seconds);
    child.kill();
    await once(child, 'exit');
    results.set(kind, [...(results.get(kind) ?? []), rate]);
    console.log(
      `${round}. ${kind.padEnd(14)} ${rate.toFixed(0)} requests/s, p50 ${p50} ms, p99 ${p99} ms, CPU ${cpu.toFixed(0)} us each`,
    );
  }
}
upstream.close();
upstream.closeAllConnections();
const best = (kind: ProxyKind) => Math.max(...(results.get(kind) ?? [0]));
for (const kind of kinds)
  console.log(`${kind.padEnd(14)} ${((best(kind) / best('bare')) * 100).toFixed(0)} % of bare`);

async function startProxy(kind: ProxyKind): Promise<{ child: ChildProcess; port: number }> {
  const child = fork(new URL('proxy-process.ts', import.meta.url), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  child.send({ kind, upstreamPort, publicKey: publicKeyPem } satisfies StartProxy);
  const [port] = (await once(child, 'message')) as [number];
  return { child, port };
}

async function cpuTime(child: ChildProcess): Promise<number> {
  child.send('cpu');
  const [microseconds] = (await once(child, 'message')) as [number];
  return microseconds;
}

async function load(port: number, duration: number) {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const times: number[] = [];
  const end = performance.now() + duration * 1000;
  const client = async () => {
    while (performance.now() < end) times.push(await measure(port, agent));
  };
  await Promise.all(Array.from({ length: connections }, client));
  agent.destroy();
  times.sort((a, b) => a - b);
  const at = (share: number) => (times[Math.floor(times.length * share)] ?? 0).toFixed(1);
  return { rate: times.length / duration, p50: at(0.5), p99: at(0.99) };
}

function measure(port: number, agent: Agent): Promise<number> {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, accept: 'application/json' };
    const outgoing = request(
      { agent, port, host: '127.0.0.1', path: '/deals?limit=20', headers },
      (answer) => {
        if (answer.statusCode !== 200) reject(new Error(`answered ${answer.statusCode}`));
        answer.resume();
        answer.once('end', () => {
          resolve(performance.now() - started);
        });
      },
    );
    outgoing.once('error', reject);
    outgoing.end();
  });
}
