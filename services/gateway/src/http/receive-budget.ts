import { setTimeout as delay } from 'node:timers/promises';

/** How much memory request bodies may take at once. */
export interface ReceiveBudgetOptions {
  /** Bytes that are held for all holders together. */
  readonly totalBytes: number;
  /** Bytes that are held for one holder, before its bodies are received one after the other. */
  readonly holderBytes: number;
  /** How long a body waits for memory before it is refused. Milliseconds. */
  readonly waitMs: number;
}

/**
 * Memory for request bodies, shared between holders: API keys and addresses. Bytes are counted as they arrive, not as
 * they are announced, so that many slow bodies that announce much keep nobody waiting.
 */
export interface ReceiveBudget {
  /** @param signal ends waiting. */
  open(holder: string, signal: AbortSignal): Receipt;
  /** Bytes that are held at present. */
  readonly heldBytes: number;
}

/** The memory of one body. */
export interface Receipt {
  /**
   * Counts bytes that have arrived. Waits while all memory is taken.
   *
   * @returns false where the wait takes too long, or the receipt has been released: the body must be dropped.
   * @throws the signal's reason
   */
  take(bytes: number): Promise<boolean>;
  /** Gives everything back. Further calls do nothing. */
  readonly release: () => void;
}

interface Holder {
  held: number;
  /** In order of arrival. The first one may go beyond the share, so that bodies that wait for each other can't all stop. */
  readonly receipts: Set<Receipt>;
}

interface Waiter {
  readonly mayGo: () => boolean;
  readonly go: () => void;
}

export function createReceiveBudget({ totalBytes, holderBytes, waitMs }: ReceiveBudgetOptions): ReceiveBudget {
  const holders = new Map<string, Holder>();
  const waiting = new Set<Waiter>();
  let total = 0;

  function resume(): void {
    for (const waiter of waiting) {
      if (!waiter.mayGo()) continue;
      waiting.delete(waiter);
      waiter.go();
    }
  }

  async function wait(waiter: Waiter, granted: Promise<boolean>, signal: AbortSignal): Promise<boolean> {
    waiting.add(waiter);
    const ended = new AbortController();
    const timeout = delay(waitMs, false, { signal: AbortSignal.any([signal, ended.signal]), ref: false });
    try {
      return await Promise.race([granted, timeout]);
    } catch {
      throw signal.reason;
    } finally {
      waiting.delete(waiter);
      ended.abort();
      timeout.catch(() => undefined);
    }
  }

  return {
    get heldBytes() {
      return total;
    },
    open(name, signal) {
      const holder = holders.get(name) ?? { held: 0, receipts: new Set() };
      holders.set(name, holder);
      let held = 0;

      const receipt: Receipt = {
        async take(bytes) {
          const grant = (): void => {
            held += bytes;
            holder.held += bytes;
            total += bytes;
          };
          const mayGo = (): boolean => {
            const isFirst = holder.receipts.values().next().value === receipt;
            return total + bytes <= totalBytes && (isFirst || holder.held + bytes <= holderBytes);
          };
          signal.throwIfAborted();
          if (!holder.receipts.has(receipt)) return false;
          if (mayGo()) {
            grant();
            return true;
          }
          const { promise, resolve } = Promise.withResolvers<boolean>();
          const go = (): void => {
            if (holder.receipts.has(receipt)) grant();
            resolve(holder.receipts.has(receipt));
          };
          return wait({ mayGo, go }, promise, signal);
        },
        release() {
          if (!holder.receipts.delete(receipt)) return;
          holder.held -= held;
          total -= held;
          if (holder.receipts.size === 0) holders.delete(name);
          resume();
        },
      };
      holder.receipts.add(receipt);
      return receipt;
    },
  };
}
