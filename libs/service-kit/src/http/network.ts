import { isIPv4, isIPv6 } from 'node:net';

/**
 * The part of an address that one party usually controls: an IPv4 address, the /56 of an IPv6 address. Whoever has a
 * /56 has 2^72 addresses to hide behind.
 */
export function networkOf(ip: string | null): string {
  if (ip === null) return 'unknown';
  const mapped = ip.slice(ip.lastIndexOf(':') + 1);
  if (isIPv4(mapped)) return mapped;
  const [address = ''] = ip.split('%', 1);
  if (!isIPv6(address)) return ip;
  const [a = '0', b = '0', c = '0', d = '0'] = groupsOf(address);
  return `${a}:${b}:${c}:${(parseInt(d, 16) >> 8).toString(16)}00::/56`;
}

/** The eight groups of an address whose `::` is written out. */
function groupsOf(address: string): string[] {
  const [head = '', tail] = address.toLowerCase().split('::');
  const first = head === '' ? [] : head.split(':');
  if (tail === undefined) return first.map(shortened);
  const last = tail === '' ? [] : tail.split(':');
  const zeros = Array<string>(8 - first.length - last.length).fill('0');
  return [...first, ...zeros, ...last].map(shortened);
}

function shortened(group: string): string {
  return parseInt(group, 16).toString(16);
}
