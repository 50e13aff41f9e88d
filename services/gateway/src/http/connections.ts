import type { Socket } from 'node:net';

export interface ConnectionLimits {
  /** Connections at once. */
  readonly max: number;
  /** Connections of one address at once; null where connections come from a proxy, which speaks for many. */
  readonly maxPerAddress: number | null;
}

/** A connection that has been taken. */
export interface Connection {
  /** A call begins. @returns what ends it, to be called once. */
  begin(): () => void;
  /** How the connection is closed to make room while it has no calls. Until it is set, the socket is destroyed. */
  onEvict: () => void;
}

export interface Connections {
  readonly open: number;
  /**
   * Takes a connection. At a limit it closes the connection that has been without a call for the longest time, of the
   * same address where that is at its limit.
   *
   * @returns null where every connection has a call: the socket has been destroyed.
   */
  take(socket: Socket, address: string): Connection | null;
}

/** Counts connections, so that idle ones never keep new ones out. @param onEnd learns why a connection was closed. */
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

      const leave = (): void => {
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
        onEvict: () => void socket.destroy(),
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
        // Its place is free at once; the socket may take a moment to close.
        leave();
        connection.onEvict();
      };
      const markIdle = (): void => {
        idle.add(evict);
        ofAddress.add(evict);
      };
      markIdle();
      socket.once('close', leave);
      return connection;
    },
  };
}

interface IdleList {
  add(evict: () => void): void;
  delete(evict: () => void): void;
  /** Removes nothing: evicting does. */
  oldest(): (() => void) | undefined;
}

/** A set keeps the order of insertion, so that its first member has been idle for the longest time. */
function createIdleList(): IdleList {
  const members = new Set<() => void>();
  return {
    add: (evict) => void members.add(evict),
    delete: (evict) => void members.delete(evict),
    oldest: () => members.values().next().value,
  };
}
