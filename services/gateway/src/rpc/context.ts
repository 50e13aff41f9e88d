import { createContextKey } from '@connectrpc/connect';
import type { Caller } from '../callers/authenticate.ts';

/** What is known of the connection that a call came by. */
export interface Connection {
  /** The peer's address. */
  readonly peer: string;
  /** Ends the call's connection, for a reader that does not read. */
  readonly drop: () => void;
}

/** Set by the gate, before anything of a request's body is read. */
export const callerKey = createContextKey<Caller>(
  { owner: '', address: null, setCookie: null },
  { description: 'who calls' },
);

export const connectionKey = createContextKey<Connection>(
  { peer: '', drop: () => undefined },
  { description: 'how the call came' },
);

/** Whose share of the receive budget a call's body uses: an address, or a key's owner. Set by the gate. */
export const holderKey = createContextKey<string>('', { description: 'whose share of the receive budget is used' });
