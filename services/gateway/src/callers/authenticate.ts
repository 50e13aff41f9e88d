import { Code, refuse } from '@cinematica/protocol';
import { ErrorReason } from '@cinematica/protocol/v1';
import type { ApiKeys } from './api-keys.ts';
import { clientAddress } from './client-address.ts';
import type { Cookies } from './cookie.ts';

/** Who makes a call. */
export interface Caller {
  /** Owns the videos. */
  readonly owner: string;
  /** What quotas count beside the owner: null for callers with a key, as those are known. */
  readonly address: string | null;
  /** For the response: gives a browser that is new its cookie. */
  readonly setCookie: string | null;
}

export interface AuthenticateOptions {
  readonly cookies: Cookies;
  readonly keys: ApiKeys;
  readonly trustedProxies: number;
}

/**
 * Tells who calls: a service by its key, a browser by its cookie. One without either is new; so is one whose cookie is
 * not ours, or was sent along by another site's page.
 *
 * @throws RpcError UNAUTHENTICATED for a key that is none
 */
export function authenticate(headers: Headers, peer: string, options: AuthenticateOptions): Caller {
  const { cookies, keys, trustedProxies } = options;
  const authorization = headers.get('authorization');
  if (authorization !== null) {
    const owner = keys.ownerOf(/^Bearer +(\S+)$/i.exec(authorization)?.[1] ?? '');
    if (owner !== null) return { owner, address: null, setCookie: null };
    const message = 'The key in “authorization: Bearer …” is not valid.';
    throw refuse(Code.UNAUTHENTICATED, ErrorReason.NOT_AUTHENTICATED, message);
  }
  const address = clientAddress(peer, headers.get('x-forwarded-for'), trustedProxies);
  const known = isForeign(headers) ? null : cookies.read(headers.get('cookie'));
  if (known !== null) return { owner: `web-${known}`, address, setCookie: null };
  const { id, header } = cookies.issue();
  return { owner: `web-${id}`, address, setCookie: header };
}

/** Whether another site's page sent it: `SameSite` keeps our cookie out of most of that already. */
const isForeign = (headers: Headers): boolean => headers.get('sec-fetch-site') === 'cross-site';
