import { isIPv6 } from 'node:net';

/**
 * Whom a request comes from, as quotas count: an IPv4 address, or the /64 of an IPv6 one, which is one household's.
 *
 * @param forwarded `x-forwarded-for`: each proxy adds whom it heard from, so the last entries are to be believed.
 * @param proxies how many entries, from the end, our own proxies have written.
 */
export function clientAddress(peer: string, forwarded: string | null, proxies: number): string {
  const entries = (forwarded ?? '').split(',').map((entry) => entry.trim());
  const told = proxies > 0 ? entries.slice(-proxies)[0] : undefined;
  const address = (told === undefined || told === '' ? peer : told).replace(/^::ffff:/i, '');
  return isIPv6(address) ? network(address) : address;
}

/** The first four groups, written out. */
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
