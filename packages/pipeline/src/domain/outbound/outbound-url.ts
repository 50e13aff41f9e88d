import { isIP } from 'node:net';
import type { PipelineSettings } from '../settings.ts';
import { isPublicAddress } from './public-address.ts';

/** Which URLs of callers may be opened. */
export type OutboundRules = Pick<
  PipelineSettings,
  'OUTBOUND_PORTS' | 'OUTBOUND_UNSAFE_ALLOW_HTTP_AND_PRIVATE_ADDRESSES'
>;

/** A URL or an address must not be opened. The message is a requirement, for the caller: "must begin with https://". */
export class OutboundRefusedError extends Error {
  override readonly name = 'OutboundRefusedError';
}

/** The maximum length of a URL in characters, as in the rules of the API. */
export const MAX_URL_LENGTH = 2048;

/** Top-level domains that only name hosts inside a network. */
const INTERNAL_DOMAINS = ['localhost', 'local', 'internal', 'lan', 'home.arpa', 'svc'];

/**
 * Checks the parts of a URL that need no DNS lookup: scheme, credentials, port, and the host if it is an IP address, also in
 * decimal, octal or hexadecimal notation. The addresses of a host name are checked later, when the connection is opened.
 * @throws OutboundRefusedError
 */
export function checkOutboundUrl(text: string, rules: OutboundRules): URL {
  const { OUTBOUND_PORTS: ports, OUTBOUND_UNSAFE_ALLOW_HTTP_AND_PRIVATE_ADDRESSES: unsafe } = rules;
  const url = text.length <= MAX_URL_LENGTH ? URL.parse(text) : null;
  if (!url) throw new OutboundRefusedError(`must be an absolute URL of at most ${MAX_URL_LENGTH} characters`);
  if (url.protocol !== 'https:' && !(unsafe && url.protocol === 'http:')) {
    throw new OutboundRefusedError('must begin with https://');
  }
  if (url.username !== '' || url.password !== '') {
    throw new OutboundRefusedError('must not contain a user name or a password');
  }
  if (unsafe) return url;
  const port = Number(url.port || 443);
  if (!ports.includes(port)) {
    throw new OutboundRefusedError(`must not have the port ${port}: only ${ports.join(', ')} can be used`);
  }
  const host = hostOf(url);
  const isAllowed = isIP(host) === 0 ? isPublicName(host) : isPublicAddress(host);
  if (!isAllowed) throw notPublic();
  return url;
}

/** The error for a host that has no public address, or does not exist. It must not tell which of the two is the case. */
export const notPublic = () => new OutboundRefusedError('must name a host with a public address');

/** The host of a URL as a resolver takes it: without the brackets around an IPv6 address. */
export const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/, '$1');

function isPublicName(host: string): boolean {
  const name = host.replace(/\.$/, '');
  return name.includes('.') && !INTERNAL_DOMAINS.some((domain) => name === domain || name.endsWith(`.${domain}`));
}
