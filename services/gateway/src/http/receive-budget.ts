import { abortable } from '@cinematica/concurrency';

/** The memory limits of request bodies. All of them are required. */
export interface ReceiveBudgetOptions {
  /** The limit for all clients together. Bytes. */
  readonly totalBytes: number;
  /** The limit of one client. At the limit its bodies are received one after the other. Bytes. */
  readonly clientBytes: number;
  /** How long a body waits for memory before it is refused. Milliseconds. */
  readonly waitMs: number;
}

/**
 * A budget of memory for request bodies, shared by clients: API keys and addresses. Bytes are counted when they arrive and
 * not from `content-length`, so that slow bodies with a large `content-length` do not delay other clients.
 */
export interface ReceiveBudget {
  /**
   * Starts a body of a client.
   * @param client an address, or the owner of a key.
   * @param signal ends waiting.
   */
  open(client: string, signal: AbortSignal): Reservation;
  /** The memory in use. Bytes. */
  readonly usedBytes: number;
}

/** The memory of one body. */
export interface Reservation {
  /**
   * Reserves memory for bytes that have arrived. Waits while the budget is used up.
   * @returns false when waiting took too long, or the reservation has been released. The body must then be refused.
   * @throws the signal's reason.
   */
  take(bytes: number): Promise<boolean>;
  /** Releases all memory of the body. Further calls have no effect. */
  readonly release: () => void;
}

interface Client {
  used: number;
  /**
   * In order of arrival. The first body may exceed the client's limit. Otherwise all bodies of the client could wait for
   * each other forever.
   */
  readonly reservations: Set<Reservation>;
}

interface Waiter {
  readonly hasRoom: () => boolean;
  readonly resume: () => void;
}

export function createReceiveBudget({ totalBytes, clientBytes, waitMs }: ReceiveBudgetOptions): ReceiveBudget {
  const clients = new Map<string, Client>();
  const waiting = new Set<Waiter>();
  let total = 0;

  function resumeWaiting(): void {
    for (const waiter of waiting) {
      if (!waiter.hasRoom()) continue;
      waiting.delete(waiter);
      waiter.resume();
    }
  }

  return {
    get usedBytes() {
      return total;
    },
    open(name, signal) {
      const client = clients.get(name) ?? { used: 0, reservations: new Set() };
      clients.set(name, client);
      let used = 0;

      const reservation: Reservation = {
        async take(bytes) {
          const grant = (): void => {
            used += bytes;
            client.used += bytes;
            total += bytes;
          };
          const hasRoom = (): boolean => {
            const isFirst = client.reservations.values().next().value === reservation;
            return total + bytes <= totalBytes && (isFirst || client.used + bytes <= clientBytes);
          };
          signal.throwIfAborted();
          if (!client.reservations.has(reservation)) return false;
          if (hasRoom()) {
            grant();
            return true;
          }
          const { promise, resolve } = Promise.withResolvers<boolean>();
          const waiter: Waiter = {
            hasRoom,
            resume() {
              const isOpen = client.reservations.has(reservation);
              if (isOpen) grant();
              resolve(isOpen);
            },
          };
          const timer = setTimeout(() => resolve(false), waitMs).unref();
          waiting.add(waiter);
          try {
            return await abortable(promise, signal);
          } finally {
            clearTimeout(timer);
            waiting.delete(waiter);
          }
        },
        release() {
          if (!client.reservations.delete(reservation)) return;
          client.used -= used;
          total -= used;
          if (client.reservations.size === 0) clients.delete(name);
          resumeWaiting();
        },
      };
      client.reservations.add(reservation);
      return reservation;
    },
  };
}
