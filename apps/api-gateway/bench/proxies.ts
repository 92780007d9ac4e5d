/**
 * The gateway's hot path with all of its work (token, revocations, limits, access log, metrics, security headers) beside
 * four proxies that do none of it, in one run against the same upstream: `node bench/proxies.ts [seconds] [rounds]`.
 * Each proxy is a process of its own; load and upstream share this one. CPU time a request is the steadier figure on a
 * machine that has other things to do.
 */
import { buildPerson } from '../test/tokens.ts';
import { load, quantileOf, rateOf, startUpstream } from './load.ts';
import { startProxy } from './start-proxy.ts';
import { type ProxyKind, proxyKinds } from './proxy-process.ts';

const connections = 50;
const seconds = Number(process.argv[2] ?? 4);
const rounds = Number(process.argv[3] ?? 3);
const head = [
  'GET /deals?limit=20 HTTP/1.1',
  'Host: gateway',
  `Authorization: Bearer ${buildPerson().token}`,
  'Accept: application/json',
].join('\r\n');

interface Result {
  rate: number;
  p50: number;
  p99: number;
  cpu: number;
}

const upstream = await startUpstream();
const results = new Map<ProxyKind, Result[]>();
for (let round = 1; round <= rounds; round++) {
  for (const kind of proxyKinds) results.set(kind, [...(results.get(kind) ?? []), await measure(kind)]);
}
upstream.stop();

const middle = (kind: ProxyKind, field: keyof Result) =>
  (results.get(kind) ?? []).map((result) => result[field]).sort((a, b) => a - b)[Math.floor(rounds / 2)] ?? 0;
console.log(`  medians of ${rounds} rounds of ${seconds} s, ${connections} connections`);
for (const kind of proxyKinds) {
  const share = (middle(kind, 'rate') / middle('bare', 'rate')) * 100;
  const columns = [
    kind.padEnd(22),
    `${middle(kind, 'rate').toFixed(0).padStart(5)} requests/s`,
    `p50 ${middle(kind, 'p50').toFixed(1).padStart(5)} ms`,
    `p99 ${middle(kind, 'p99').toFixed(1).padStart(6)} ms`,
    `CPU ${middle(kind, 'cpu').toFixed(0).padStart(4)} us each`,
    `${share.toFixed(0)} % of bare`,
  ];
  console.log(`  ${columns.join('  ')}`);
}

async function measure(kind: ProxyKind): Promise<Result> {
  const proxy = await startProxy(kind, upstream.port);
  await load(proxy.port, head, connections, 1);
  await proxy.usage();
  const measured = await load(proxy.port, head, connections, seconds);
  const { cpu } = await proxy.usage();
  await proxy.stop();
  const [p50, p99] = [quantileOf(measured, 0.5), quantileOf(measured, 0.99)];
  return { rate: rateOf(measured), p50, p99, cpu: cpu / measured.times.length };
}
