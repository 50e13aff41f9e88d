/** How many calls are started before other events are handled. */
const PER_TURN = 4;

/** A call that has not been started. */
export interface WaitingCall {
  /** Whether its client has cancelled it, or has left. */
  readonly isCancelled: () => boolean;
  readonly start: () => void;
}

/**
 * Starts calls a few at a time, and those of each client in turn. One packet can contain hundreds of calls: pipelined ones of
 * HTTP/1.1, or calls of HTTP/2 with their cancellations. Without turns, the process would serve nobody else until all of them have
 * been answered. A call that is cancelled before its turn is not started.
 * @param perTurn the number of calls. Default 4.
 * @returns a function that takes a call of a client, which is any value that identifies it.
 */
export function createCallQueue(perTurn: number = PER_TURN): (client: unknown, call: WaitingCall) => void {
  /** Whose turn was longest ago comes first. */
  const clients = new Map<unknown, WaitingCall[]>();

  /** Takes the next call of the client whose turn it is. */
  function next(): WaitingCall | undefined {
    for (const [client, calls] of clients) {
      const call = calls.shift();
      clients.delete(client);
      if (calls.length > 0) clients.set(client, calls);
      return call;
    }
    return undefined;
  }

  function startSome(): void {
    for (let started = 0; started < perTurn;) {
      const call = next();
      if (!call) return;
      if (call.isCancelled()) continue;
      started++;
      call.start();
    }
    if (clients.size > 0) setImmediate(startSome);
  }

  return (client, call) => {
    if (clients.size === 0) setImmediate(startSome);
    const calls = clients.get(client);
    if (calls) calls.push(call);
    else clients.set(client, [call]);
  };
}
