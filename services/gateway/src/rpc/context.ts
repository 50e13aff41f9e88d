import { createContextKey } from '@connectrpc/connect';
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

/** The client whose share of the receive budget a body uses: an address, or the owner of a key. Set by the gate. */
export const budgetClientKey = createContextKey<string>('', { description: 'the client in the receive budget' });
