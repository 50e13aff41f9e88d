import type { Socket } from 'node:net';

/** The limits of connections. Every option is required. */
export interface ConnectionLimits {
  /** The most open connections. At the limit, an idle one is closed for a new one. */
  readonly max: number;
  /** The most open connections of one address; null for no limit, behind a proxy whose connections serve many clients. */
  readonly maxPerAddress: number | null;
}

/** An accepted connection. */
export interface Connection {
  /** Who calls: the address, or the connection itself behind a proxy, whose address many clients have. */
  readonly client: unknown;
  /** The calls in progress. */
  readonly calls: number;
  /** Marks the start of a call. @returns a function that marks its end. */
  begin(): () => void;
  /** Closes the connection to make room while it is idle. By default it destroys the socket. */
  onEvict: () => void;
}

/** Accepts connections within the limits. */
export interface Connections {
  /** The number of open connections. */
  readonly open: number;
  /**
   * Accepts a connection. At a limit, the connection that has been idle for longest is closed: one of the same address if
   * that address is at its limit.
   * @returns null when no connection is idle. The socket has been destroyed.
   */
  take(socket: Socket, address: string): Connection | null;
}

/**
 * Counts connections, and closes idle ones to make room for new ones.
 * @param onEnd called when a connection is closed at a limit. Does nothing by default.
 */
export function createConnections(
  { max, maxPerAddress }: ConnectionLimits,
  onEnd: (reason: 'evicted' | 'refused') => void = () => undefined,
): Connections {
  const idle = createIdleList();
  const idleByAddress = new Map<string, IdleList>();
  const counts = new Map<string, number>();
  let open = 0;

  function makeRoom(address: string): boolean {
    const addressIsFull = maxPerAddress !== null && (counts.get(address) ?? 0) >= maxPerAddress;
    if (!addressIsFull && open < max) return true;
    const evicted = (addressIsFull ? idleByAddress.get(address) : idle)?.oldest();
    if (!evicted) return false;
    onEnd('evicted');
    evicted();
    return true;
  }

  return {
    get open() {
      return open;
    },
    take(socket, address) {
      if (!makeRoom(address)) {
        onEnd('refused');
        socket.destroy();
        return null;
      }
      open++;
      counts.set(address, (counts.get(address) ?? 0) + 1);
      const ofAddress = idleByAddress.get(address) ?? createIdleList();
      idleByAddress.set(address, ofAddress);
      let calls = 0;
      let closed = false;

      const forget = (): void => {
        if (closed) return;
        closed = true;
        open--;
        const left = (counts.get(address) ?? 1) - 1;
        if (left > 0) counts.set(address, left);
        else {
          counts.delete(address);
          idleByAddress.delete(address);
        }
        idle.delete(evict);
        ofAddress.delete(evict);
      };
      const connection: Connection = {
        client: maxPerAddress === null ? socket : address,
        onEvict: () => void socket.destroy(),
        get calls() {
          return calls;
        },
        begin() {
          calls++;
          idle.delete(evict);
          ofAddress.delete(evict);
          let ended = false;
          return () => {
            if (ended) return;
            ended = true;
            calls--;
            if (calls === 0 && !closed) markIdle();
          };
        },
      };
      const evict = (): void => {
        // The connection no longer counts, although its socket may take a moment to close.
        forget();
        connection.onEvict();
      };
      const markIdle = (): void => {
        idle.add(evict);
        ofAddress.add(evict);
      };
      markIdle();
      socket.once('close', forget);
      return connection;
    },
  };
}

interface IdleList {
  add(evict: () => void): void;
  delete(evict: () => void): void;
  /** Returns the member that was added first, and does not remove it. */
  oldest(): (() => void) | undefined;
}

/** A set keeps the order of insertion, so its first member has been idle for longest. */
function createIdleList(): IdleList {
  const members = new Set<() => void>();
  return {
    add: (evict) => void members.add(evict),
    delete: (evict) => void members.delete(evict),
    oldest: () => members.values().next().value,
  };
}
