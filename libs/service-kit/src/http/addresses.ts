import ipaddr from 'ipaddr.js';

/** Azure answers its machines here: public by its number, and as good as a metadata service. */
const platformAddresses = new Set(['168.63.129.16']);

/** What of IPv6 is given to the public at all (RFC 4291, IANA): everything else is for special purposes or for nobody. */
const globalUnicast = ipaddr.parseCIDR('2000::/3');

/**
 * Whether an address is one that anybody on the internet has: not private, loopback, link-local (where clouds keep their
 * metadata), unique local, multicast, shared by carriers, reserved, or an IPv6 form that carries an IPv4 address
 * (mapped, NAT64, 6to4, Teredo). What is no address is none of them.
 */
export function isPublicAddress(text: string): boolean {
  if (!ipaddr.isValid(text)) return false;
  const address = ipaddr.parse(text);
  if (address.range() !== 'unicast' || platformAddresses.has(address.toString())) return false;
  return address.kind() === 'ipv4' || address.match(globalUnicast);
}
