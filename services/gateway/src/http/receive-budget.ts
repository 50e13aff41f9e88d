import { abortable } from '@cinematica/concurrency';

/** Another client's body makes room at once if that client uses this many times more memory, otherwise after a second. */
const MUCH_MORE = 2;
/** How long a body waits before it takes the room of one that began after it. Milliseconds. */
const PATIENCE_MS = 1_000;

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
 * not from `content-length`, so that slow bodies with a large `content-length` do not delay other clients. Bodies that are half
 * received could wait for each other, and whole ones for their turn to be decoded: when the memory is used up, the client that
 * uses the most loses its newest body.
 */
export interface ReceiveBudget {
  /**
   * Starts a body of a client.
   * @param client an address, or the owner of a key.
   * @param signal ends waiting.
   * @param onEvict called when the body has lost its memory to another client: its call must be refused.
   */
  open(client: string, signal: AbortSignal, onEvict: () => void): Reservation;
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
  /** The body has been received completely. Only a client that uses much less memory takes its room. */
  readonly complete: () => void;
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

/** A body that has memory, and can lose it. */
interface Body {
  readonly client: Client;
  /** Larger for one that began later. */
  readonly order: number;
  readonly used: () => number;
  isComplete: boolean;
  readonly evict: () => void;
}

interface Waiter {
  readonly hasRoom: () => boolean;
  readonly resume: () => void;
}

export function createReceiveBudget({ totalBytes, clientBytes, waitMs }: ReceiveBudgetOptions): ReceiveBudget {
  const clients = new Map<string, Client>();
  const waiting = new Set<Waiter>();
  /** In the order of their start. */
  const bodies = new Map<Reservation, Body>();
  let total = 0;
  let begun = 0;

  function resumeWaiting(): void {
    for (const waiter of waiting) {
      if (!waiter.hasRoom()) continue;
      waiting.delete(waiter);
      waiter.resume();
    }
  }

  /**
   * Takes the memory of other clients' bodies until there is room: first that of the newest body of the client that uses the most.
   * @param isPatient whether the body has waited for long.
   * @param isServed whether it has got its memory meanwhile.
   */
  function makeRoom(
    reservation: Reservation,
    client: Client,
    bytes: number,
    { isPatient, isServed }: { readonly isPatient: boolean; readonly isServed: () => boolean },
  ): void {
    const order = bodies.get(reservation)?.order ?? 0;
    const mayEvict = (other: Body): boolean =>
      other.client !== client &&
      other.used() > 0 &&
      (other.client.used > MUCH_MORE * (client.used + bytes) ||
        (isPatient && !other.isComplete && other.order > order));
    while (total + bytes > totalBytes && !isServed()) {
      const candidates = [...bodies.values()].filter(mayEvict);
      if (candidates.length === 0) return;
      candidates.reduce((most, each) => (each.client.used < most.client.used ? most : each)).evict();
    }
  }

  return {
    get usedBytes() {
      return total;
    },
    open(name, signal, onEvict) {
      const client = clients.get(name) ?? { used: 0, reservations: new Set() };
      clients.set(name, client);
      let used = 0;
      let ownWaiter: Waiter | null = null;

      const reservation: Reservation = {
        async take(bytes) {
          const grant = (): void => {
            used += bytes;
            client.used += bytes;
            total += bytes;
          };
          const mayHaveMore = (): boolean => {
            const isFirst = client.reservations.values().next().value === reservation;
            return isFirst || client.used + bytes <= clientBytes;
          };
          const hasRoom = (): boolean => mayHaveMore() && total + bytes <= totalBytes;
          signal.throwIfAborted();
          if (!client.reservations.has(reservation)) return false;
          if (mayHaveMore()) makeRoom(reservation, client, bytes, { isPatient: false, isServed: () => false });
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
          const impatience = setInterval(() => {
            if (mayHaveMore())
              makeRoom(reservation, client, bytes, { isPatient: true, isServed: () => !waiting.has(waiter) });
          }, PATIENCE_MS).unref();
          waiting.add(waiter);
          ownWaiter = waiter;
          try {
            return await abortable(promise, signal);
          } finally {
            clearTimeout(timer);
            clearInterval(impatience);
            waiting.delete(waiter);
            ownWaiter = null;
          }
        },
        complete() {
          const body = bodies.get(reservation);
          if (body) body.isComplete = true;
        },
        release() {
          if (!client.reservations.delete(reservation)) return;
          bodies.delete(reservation);
          client.used -= used;
          total -= used;
          if (client.reservations.size === 0) clients.delete(name);
          ownWaiter?.resume();
          resumeWaiting();
        },
      };
      client.reservations.add(reservation);
      bodies.set(reservation, {
        client,
        order: begun++,
        used: () => used,
        isComplete: false,
        evict() {
          reservation.release();
          onEvict();
        },
      });
      return reservation;
    },
  };
}
