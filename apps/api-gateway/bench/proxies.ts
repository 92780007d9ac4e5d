/**
 * The gateway's hot path with all of its work (token, revocations, limits, access log, metrics, security headers) beside
 * four proxies that do none of it, in one run against the same upstream: `node bench/proxies.ts [rounds] [seconds]`.
 *
 * Each proxy is a process of its own, started once; load and upstream share this one. A machine has other things to do,
 * so in each round all of them have a short turn, in random order, and each is compared with the bare proxy of the same
 * round. The CPU time of the proxy's process a request is the steadier figure, and the stricter one: what the load
 * generator takes is not in it.
 */
import { buildPerson } from '../test/tokens.ts';
import { median, tellAim } from './aims.ts';
import { load, quantileOf, rateOf, startUpstream } from './load.ts';
import { startProxy } from './start-proxy.ts';
import { type ProxyKind, proxyKinds } from './proxy-process.ts';

const connections = 50;
const rounds = Number(process.argv[2] ?? 15);
const seconds = Number(process.argv[3] ?? 1);
const warmUp = 3;
const head = [
  'GET /deals?limit=20 HTTP/1.1',
  'Host: gateway',
  `Authorization: Bearer ${buildPerson().token}`,
  'Accept: application/json',
].join('\r\n');

interface Turn {
  rate: number;
  p50: number;
  p99: number;
  /** Microseconds of the proxy's process a request. */
  cpu: number;
  memory: number;
}

const upstream = await startUpstream();
const proxies = new Map<ProxyKind, Awaited<ReturnType<typeof startProxy>>>();
for (const kind of proxyKinds) proxies.set(kind, await startProxy(kind, upstream.port));
for (const { port } of proxies.values()) await load(port, head, connections, warmUp);

const played: Record<ProxyKind, Turn>[] = [];
for (let round = 0; round < rounds; round++) played.push(await playRound());
for (const proxy of proxies.values()) await proxy.stop();
upstream.stop();
report();

async function playRound(): Promise<Record<ProxyKind, Turn>> {
  const turns: [ProxyKind, Turn][] = [];
  for (const kind of shuffled(proxyKinds)) turns.push([kind, await takeTurn(kind)]);
  return Object.fromEntries(turns) as Record<ProxyKind, Turn>;
}

async function takeTurn(kind: ProxyKind): Promise<Turn> {
  const proxy = proxies.get(kind);
  if (!proxy) throw new Error(`${kind} was not started`);
  await proxy.usage();
  const measured = await load(proxy.port, head, connections, seconds);
  const { cpu, memory } = await proxy.usage();
  const [p50, p99] = [quantileOf(measured, 0.5), quantileOf(measured, 0.99)];
  return { rate: rateOf(measured), p50, p99, cpu: cpu / measured.times.length, memory };
}

function shuffled<T>(items: readonly T[]): T[] {
  const order = items.map((item) => ({ item, at: Math.random() }));
  return order.sort((a, b) => a.at - b.at).map(({ item }) => item);
}

function report(): void {
  console.log(`  medians of ${rounds} rounds of ${seconds} s each, ${connections} connections`);
  for (const kind of proxyKinds) {
    const of = (field: keyof Turn) => median(played.map((round) => round[kind][field]));
    const columns = [
      kind.padEnd(22),
      `${of('rate').toFixed(0).padStart(5)} requests/s`,
      `p50 ${of('p50').toFixed(1).padStart(5)} ms`,
      `p99 ${of('p99').toFixed(1).padStart(6)} ms`,
      `CPU ${of('cpu').toFixed(0).padStart(4)} us each`,
      `of bare: ${percent(shareOf(kind, 'bare'))} by requests/s, ${percent(thriftOf(kind, 'bare'))} by CPU`,
    ];
    console.log(`  ${columns.join('  ')}`);
  }
  const [share, thrift] = [shareOf('gateway', 'bare'), thriftOf('gateway', 'bare')];
  tellAim('at least 60 % of the bare proxy', `${percent(share)} by requests/s`, share >= 0.6);
  tellAim('the same by CPU time', percent(thrift), thrift >= 0.6);
  const lead = shareOf('gateway', 'http-proxy-middleware');
  const cheaper = thriftOf('gateway', 'http-proxy-middleware');
  tellAim(
    'well ahead of http-proxy-middleware, which only forwards',
    `${percent(lead)} by requests/s, ${percent(cheaper)} by CPU`,
    lead >= 1.2,
  );
  const memory = Math.max(...played.map((round) => round.gateway.memory)) / 1024 / 1024;
  tellAim('the gateway stays below 200 MB of memory', `${memory.toFixed(0)} MB`, memory < 200);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}

/** How many requests a second one answers for each of the other, round by round. */
function shareOf(kind: ProxyKind, other: ProxyKind): number {
  return median(played.map((round) => round[kind].rate / round[other].rate));
}

/** How many requests one answers with the CPU time that the other needs for one. */
function thriftOf(kind: ProxyKind, other: ProxyKind): number {
  return median(played.map((round) => round[other].cpu / round[kind].cpu));
}
