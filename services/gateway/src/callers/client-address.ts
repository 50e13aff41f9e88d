import { isIPv6 } from 'node:net';

/**
 * The client address that rate limits and quotas count: an IPv4 address, or the /64 network of an IPv6 address, because one
 * household has a whole /64.
 * @param peer the IP address of the TCP connection.
 * @param forwarded the header `x-forwarded-for`. Each proxy appends the address of its peer, so only the last entries can
 *   be trusted.
 * @param proxies how many entries, from the end, were written by our own proxies. 0 ignores the header.
 */
export function clientAddress(peer: string, forwarded: string | null, proxies: number): string {
  const entries = (forwarded ?? '').split(',').map((entry) => entry.trim());
  const reported = proxies > 0 ? entries.slice(-proxies)[0] : undefined;
  const address = (reported === undefined || reported === '' ? peer : reported).replace(/^::ffff:/i, '');
  return isIPv6(address) ? network(address) : address;
}

/** The /64 network of an IPv6 address: its first four groups, without `::` between them. */
function network(address: string): string {
  const [head = '', tail] = address.split('::', 2);
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: Math.max(0, 8 - before.length - after.length) }, () => '0');
  const groups = tail === undefined ? before : [...before, ...zeros, ...after];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}
