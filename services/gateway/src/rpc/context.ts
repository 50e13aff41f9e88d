import { createContextKey } from '@connectrpc/connect';
import type { HandlerContext } from '@connectrpc/connect';
import type { Caller } from '../callers/authenticate.ts';

/** The connection of a call. */
export interface Connection {
  /** The IP address of the peer. */
  readonly peer: string;
  /** Closes the connection, or the stream of HTTP/2, of a client that does not read. */
  readonly close: () => void;
}

/** The caller. Set by the gate, before the body of a request is read. */
export const callerKey = createContextKey<Caller>(
  { owner: '', address: null, setCookie: null },
  { description: 'the caller' },
);

export const connectionKey = createContextKey<Connection>(
  { peer: '', close: () => undefined },
  { description: 'the connection' },
);

/** Ends a call whose memory is needed for another client. Each call has its own. */
export const evictionKey = createContextKey(new AbortController(), {
  description: 'the end of the call without memory',
});

/** Aborted when the caller leaves, or when the memory of its body is needed for another client. */
export const signalOf = ({ signal, values }: Pick<HandlerContext, 'signal' | 'values'>): AbortSignal =>
  AbortSignal.any([signal, values.get(evictionKey).signal]);

/** The client whose share of the receive budget a body uses: an address, or the owner of a key. Set by the gate. */
export const budgetClientKey = createContextKey<string>('', { description: 'the client in the receive budget' });
