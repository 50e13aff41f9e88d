import { hostOf, isPublicAddress, notPublic, OutboundRefusedError } from '@cinematica/pipeline';
import type { OutboundRules } from '@cinematica/pipeline';
import { Agent as HttpAgent, request as requestHttp } from 'node:http';
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { isIP } from 'node:net';
import type { LookupFunction, Socket } from 'node:net';
import { resolveAnyName, resolvePublicName } from './resolve.ts';
import type { Resolve, ResolvedAddress } from './resolve.ts';

/** A request. The URL must have passed `checkOutboundUrl`. */
export interface GuardedRequest {
  readonly method: 'GET' | 'POST';
  readonly headers: OutgoingHttpHeaders;
  /** Default: no body. */
  readonly body?: string;
  /** Ends the request, and the response. */
  readonly signal: AbortSignal;
}

/** Makes requests to public addresses only. */
export interface GuardedHttp {
  /**
   * Sends a request, and resolves with the head of the response. The caller must read or destroy the response. Redirects are not
   * followed.
   * @throws OutboundRefusedError when the host has no public address; an error of Node; the signal's reason.
   */
  request(url: URL, request: GuardedRequest): Promise<IncomingMessage>;
}

/** Everything but the rules is for tests. */
export interface GuardedHttpOptions {
  readonly rules: OutboundRules;
  /** @default asks the DNS servers; the operating system if private addresses are allowed. */
  readonly resolve?: Resolve;
  /** Decides whether an address may be connected to. @default `isPublicAddress`; any address if private ones are allowed. */
  readonly isAllowed?: (address: string) => boolean;
  /** Certificates of authorities, in PEM. @default those of Node. */
  readonly ca?: string;
}

const MAX_HEADER_BYTES = 16_384;
/** How long one of several addresses may take to connect before the next one is tried. Milliseconds. */
const NEXT_ADDRESS_MS = 1_000;

/**
 * Creates a client that is safe against server-side request forgery. A host is resolved once for each request, all addresses are
 * judged, and the connection is made to one of those that passed. A second answer of the resolver, as in DNS rebinding, is
 * never asked for. TLS certificates are checked against the name in the URL. Proxies of the environment are not used.
 */
export function createGuardedHttp(options: GuardedHttpOptions): GuardedHttp {
  const unsafe = options.rules.OUTBOUND_UNSAFE_ALLOW_HTTP_AND_PRIVATE_ADDRESSES;
  const resolve = options.resolve ?? (unsafe ? resolveAnyName : resolvePublicName);
  const isAllowed = options.isAllowed ?? (unsafe ? () => true : isPublicAddress);

  /** @throws OutboundRefusedError when no address is left. The error does not tell whether the name exists. */
  async function judgedAddresses(name: string, signal: AbortSignal): Promise<ResolvedAddress[]> {
    const addresses = await resolve(name, signal).catch((): ResolvedAddress[] => []);
    signal.throwIfAborted();
    const allowed = addresses.filter(({ address }) => isAllowed(address));
    if (allowed.length === 0) throw notPublic();
    return allowed;
  }

  const lookupWith =
    (signal: AbortSignal): LookupFunction =>
    (name, { all }, callback) => {
      judgedAddresses(name, signal).then(
        (addresses) => {
          const [first] = addresses;
          if (all === true) callback(null, addresses);
          else callback(null, first?.address ?? '', first?.family);
        },
        (error: unknown) => callback(error as NodeJS.ErrnoException, ''),
      );
    };

  return {
    request(url, { method, headers, body, signal }) {
      const host = hostOf(url);
      // Node does not look up a host that is an address already.
      if (isIP(host) !== 0 && !isAllowed(host)) return Promise.reject(notPublic());
      const [send, Agent] = url.protocol === 'https:' ? [requestHttps, HttpsAgent] : [requestHttp, HttpAgent];
      // A new agent, and so a connection, for each request: a kept one goes to an address that was judged earlier.
      const agent = new Agent({
        keepAlive: false,
        lookup: lookupWith(signal),
        autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_MS,
        ...(options.ca === undefined ? {} : { ca: options.ca }),
      });
      return new Promise((done, fail) => {
        const call = send(url, {
          method,
          headers: { 'accept-encoding': 'identity', ...headers },
          agent,
          maxHeaderSize: MAX_HEADER_BYTES,
          signal,
        });
        call.on('socket', (socket) => checkPeer(socket, isAllowed));
        call.on('response', done);
        call.on('error', (error) => fail(signal.aborted ? (signal.reason as Error) : refusalIn(error)));
        call.end(body);
      });
    },
  };
}

/** Ends a connection whose other end is not allowed, before anything is sent. It should never be necessary. */
function checkPeer(socket: Socket, isAllowed: (address: string) => boolean): void {
  socket.once('connect', () => {
    if (socket.remoteAddress === undefined || !isAllowed(socket.remoteAddress)) socket.destroy(notPublic());
  });
}

/** The refusal that caused an error of Node, or the error itself. */
function refusalIn(error: Error): Error {
  if (error instanceof AggregateError) {
    const refusal: unknown = error.errors.find((one) => one instanceof OutboundRefusedError);
    return refusal instanceof OutboundRefusedError ? refusal : error;
  }
  return error;
}
