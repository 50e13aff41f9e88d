import { refuseUntil } from '@cinematica/protocol';
import { ErrorReason } from '@cinematica/protocol/v1';
import { authenticate } from './authenticate.ts';
import type { AuthenticateOptions, Caller } from './authenticate.ts';
import type { RateLimit } from './rate-limit.ts';

/** The dependencies of {@link admitCaller}. All of them are required. */
export interface AdmitOptions extends AuthenticateOptions {
  /** Counts calls by API key or client address. */
  readonly limit: RateLimit;
}

/**
 * Identifies the caller of a request and applies its rate limit, before the body of the request is read.
 * @param peer the IP address of the TCP connection.
 * @throws RpcError UNAUTHENTICATED for an invalid key, RESOURCE_EXHAUSTED for too many requests.
 */
export function admitCaller(headers: Headers, peer: string, options: AdmitOptions): Caller {
  const caller = authenticate(headers, peer, options);
  applyRateLimit(options.limit, clientOf(caller));
  return caller;
}

/** The client whose rate limit and receive budget a request uses: the address, or the owner of a key. */
export const clientOf = ({ address, owner }: Caller): string => address ?? owner;

/** @throws RpcError RESOURCE_EXHAUSTED when the client has no call left. */
export function applyRateLimit(limit: RateLimit, client: string): void {
  const retry = limit.take(client);
  if (retry > 0) throw refuseUntil(ErrorReason.TOO_MANY_REQUESTS, 'Too many requests: slow down.', retry);
}
