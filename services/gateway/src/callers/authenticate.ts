import { Code, refuse } from '@cinematica/protocol';
import { ErrorReason } from '@cinematica/protocol/v1';
import type { ApiKeys } from './api-keys.ts';
import { clientAddress } from './client-address.ts';
import type { Cookies } from './cookie.ts';

/** The caller of an RPC. */
export interface Caller {
  /** The owner of the videos: `key-` and the name of an API key, or `web-` and the id in a browser's cookie. */
  readonly owner: string;
  /** The client address, which has its own quotas; null for callers with a key, who have the quotas of their key only. */
  readonly address: string | null;
  /** The `set-cookie` header for a new browser; null when the caller is known. */
  readonly setCookie: string | null;
}

/** The dependencies of {@link authenticate}. All of them are required. */
export interface AuthenticateOptions {
  /** Issues and verifies the cookies of browsers. */
  readonly cookies: Cookies;
  /** The valid API keys. */
  readonly keys: ApiKeys;
  /** How many entries of `x-forwarded-for`, from the end, were written by our own proxies. 0 ignores the header. */
  readonly trustedProxies: number;
  /** Whether callers without a key are admitted. */
  readonly anonymous: boolean;
}

/** The two headers that can carry a key; null for one that is not sent. */
export interface KeyHeaders {
  readonly authorization: string | null;
  readonly 'x-api-key': string | null;
}

/**
 * Identifies a service by its key. Each header that is sent must have a valid key: one that is ignored would turn a caller
 * with a wrong key into a new caller without one.
 * @returns null when neither header is sent.
 * @throws RpcError UNAUTHENTICATED for an invalid key, or two keys of different services.
 */
export function ownerOfKey(keys: ApiKeys, { authorization, 'x-api-key': apiKey }: KeyHeaders): string | null {
  const bearer = authorization === null ? null : (/^Bearer +(\S+)$/i.exec(authorization)?.[1] ?? '');
  const sent = { 'authorization: Bearer …': bearer, 'x-api-key: …': apiKey };
  const owners = Object.entries(sent).flatMap(([header, key]) => {
    if (key === null) return [];
    const owner = keys.ownerOf(key);
    if (owner === null) throw unauthenticated(`The key in “${header}” is not valid.`);
    return [owner];
  });
  if (new Set(owners).size > 1)
    throw unauthenticated('“authorization” and “x-api-key” have keys of different callers.');
  return owners[0] ?? null;
}

/**
 * Identifies a caller: a service by its key, a browser by its cookie. A caller without either is a new browser. A cookie
 * with a wrong signature, or in a request from a page of another site, is ignored.
 * @param peer the IP address of the TCP connection.
 * @throws RpcError UNAUTHENTICATED for an invalid key, or for none where keys are required.
 */
export function authenticate(headers: Headers, peer: string, options: AuthenticateOptions): Caller {
  const { cookies, keys, trustedProxies } = options;
  const owner = ownerOfKey(keys, {
    authorization: headers.get('authorization'),
    'x-api-key': headers.get('x-api-key'),
  });
  if (owner !== null) return { owner, address: null, setCookie: null };
  if (!options.anonymous) {
    throw unauthenticated('This system requires an API key, in “authorization: Bearer …” or “x-api-key: …”.');
  }
  const address = clientAddress(peer, headers.get('x-forwarded-for'), trustedProxies);
  const known = isCrossSite(headers) ? null : cookies.read(headers.get('cookie'));
  if (known !== null) return { owner: `web-${known}`, address, setCookie: null };
  const { id, header } = cookies.issue();
  return { owner: `web-${id}`, address, setCookie: header };
}

const unauthenticated = (message: string) => refuse(Code.UNAUTHENTICATED, ErrorReason.NOT_AUTHENTICATED, message);

/** Whether a page of another site sent the request. `SameSite=Lax` covers most of these requests, but not all. */
const isCrossSite = (headers: Headers): boolean => headers.get('sec-fetch-site') === 'cross-site';
