export interface FairSemaphoreOptions {
  /** How many holders there may be at a time, at least 1. */
  readonly permits: number;
  /** The error of a request that gets no permit: too many wait, or it has waited too long. */
  readonly refuse: () => Error;
  /** How many permits one client may hold at a time. Default: all of them. */
  readonly perClient?: number;
  /** The most that wait. Default: no limit. */
  readonly maxWaiting?: number;
  /** How long a request waits. Milliseconds. Default: no limit. */
  readonly maxWaitMs?: number;
  /** Whether a client is served only when no other client waits. It is asked at each turn. Default: no client. */
  readonly isLast?: (client: string) => boolean;
}

/**
 * Lets a fixed number of holders in at a time. Clients take turns, so that one with many requests does not delay the others:
 * the first request of each is served before the second one of any.
 */
export interface FairSemaphore {
  /** How many wait. */
  readonly waiting: number;
  /** How many permits are free. */
  readonly free: number;
  /**
   * Waits for a permit.
   * @returns the function that releases the permit, which does nothing when called again.
   * @throws the signal's reason; the error of `refuse` at `maxWaiting` or after `maxWaitMs`. When the queue is full, the newest request of the
   *   client with the most waiting requests loses its place, and one of a client that is served last before all others. Of
   *   clients with as many requests, the one whose turn is last loses it.
   */
  acquire(client: string, signal?: AbortSignal): Promise<() => void>;
}

interface Waiter {
  readonly enter: () => void;
  readonly refuse: () => void;
}

interface Client {
  readonly name: string;
  readonly queue: Waiter[];
  held: number;
}

export function createFairSemaphore(options: FairSemaphoreOptions): FairSemaphore {
  const { permits, perClient = permits, maxWaiting = Infinity, maxWaitMs } = options;
  const isLast = options.isLast ?? (() => false);
  let [free, waiting] = [permits, 0];
  /** Clients that hold a permit or wait for one. Whose turn was longest ago comes first. */
  const clients = new Map<string, Client>();

  /** The client whose turn it is: of those that hold the fewest permits, the first. Undefined when none may enter. */
  function next(): Client | undefined {
    if (free === 0) return undefined;
    const ready = [...clients.values()].filter(({ queue, held }) => queue.length > 0 && held < perClient);
    const good = ready.filter(({ name }) => !isLast(name));
    const best = good.length > 0 ? good : ready;
    const fewest = Math.min(...best.map(({ held }) => held));
    return best.find(({ held }) => held === fewest);
  }

  /** The client that gives up a place in a full queue. */
  function mostPatient(): Client {
    const weight = ({ name, queue }: Client): number => (isLast(name) ? maxWaiting : 0) + queue.length;
    const queued = [...clients.values()].filter(({ queue }) => queue.length > 0);
    return queued.reduce((most, client) => (weight(client) >= weight(most) ? client : most));
  }

  function serve(): void {
    for (let client = next(); client; client = next()) {
      moveToEnd(client);
      waiting--;
      free--;
      client.held++;
      client.queue.shift()?.enter();
    }
  }

  function moveToEnd(client: Client): void {
    clients.delete(client.name);
    clients.set(client.name, client);
  }

  function releaseOnce(client: Client): () => void {
    let released = false;
    return () => {
      if (released) return;
      released = true;
      free++;
      client.held--;
      // Clients that came while it held the permit are served before its next request.
      moveToEnd(client);
      forget(client);
      serve();
    };
  }

  function forget(client: Client): void {
    if (client.held === 0 && client.queue.length === 0) clients.delete(client.name);
  }

  function remove(client: Client, waiter: Waiter): void {
    client.queue.splice(client.queue.indexOf(waiter), 1);
    waiting--;
    forget(client);
  }

  return {
    get waiting() {
      return waiting;
    },
    get free() {
      return free;
    },
    async acquire(name, signal) {
      signal?.throwIfAborted();
      const client = clients.get(name) ?? { name, queue: [], held: 0 };
      clients.set(name, client);
      const { promise, resolve, reject } = Promise.withResolvers<() => void>();
      const waiter: Waiter = {
        enter() {
          stopWaiting();
          resolve(releaseOnce(client));
        },
        refuse() {
          stopWaiting();
          remove(client, waiter);
          reject(options.refuse());
        },
      };
      const leave = (): void => {
        stopWaiting();
        remove(client, waiter);
        reject(signal?.reason as Error);
      };
      const timer = maxWaitMs === undefined ? undefined : setTimeout(waiter.refuse, maxWaitMs);
      const stopWaiting = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', leave);
      };
      client.queue.push(waiter);
      waiting++;
      signal?.addEventListener('abort', leave, { once: true });
      serve();
      if (waiting > maxWaiting) mostPatient().queue.at(-1)?.refuse();
      return promise;
    },
  };
}
