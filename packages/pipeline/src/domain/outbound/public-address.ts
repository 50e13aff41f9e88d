import ipaddr from 'ipaddr.js';

/** Global IPv6 unicast addresses are allocated from this range only. */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3');

/** Services of clouds that have addresses in public ranges: Azure's virtual IP, which serves metadata and keys. */
const CLOUD_SERVICES = new Set(['168.63.129.16']);

/**
 * Whether an address belongs to the public internet. Private, loopback, link-local, shared (carrier-grade NAT), multicast,
 * reserved and documentation addresses do not, nor do the metadata services of clouds. An IPv6 address that contains an IPv4
 * address (mapped, 6to4, Teredo, NAT64) never counts as public, because a gateway would translate it.
 * @param address an IPv4 or IPv6 address in the form that a resolver returns, without brackets.
 */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.IPv4.isValidFourPartDecimal(address) && !ipaddr.IPv6.isValid(address)) return false;
  const parsed = ipaddr.parse(address);
  if (parsed.range() !== 'unicast') return false;
  return parsed instanceof ipaddr.IPv6 ? parsed.match(GLOBAL_UNICAST) : !CLOUD_SERVICES.has(parsed.toString());
}
