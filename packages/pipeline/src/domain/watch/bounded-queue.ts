/** A queue between a producer that never waits and a reader that may be slow. */
export interface BoundedQueue<T> extends AsyncIterable<T> {
  /** Adds an item. When the queue is full, it ends with SlowReaderError. */
  push(item: T): void;
  /** Adds an item, replacing one of the same kind that was not read yet. It is dropped when the queue is full. */
  replace(kind: string, item: T): void;
  /** Ends the queue. The reader receives what is in it first, then the error, if any. */
  end(error?: Error): void;
}

/** The reader fell too far behind. */
export class SlowReaderError extends Error {
  override readonly name = 'SlowReaderError';
}

/** @param capacity how many items may wait to be read. */
export function createBoundedQueue<T>(capacity: number): BoundedQueue<T> {
  const items: { kind: string | null; item: T }[] = [];
  let ended = false;
  let failure: Error | undefined;
  let wake: () => void = () => undefined;

  const finish = (error?: Error) => {
    if (ended) return;
    ended = true;
    failure = error;
    wake();
  };

  return {
    push(item) {
      if (ended) return;
      if (items.length >= capacity) {
        items.length = 0;
        finish(new SlowReaderError(`more than ${capacity} events were waiting to be read`));
        return;
      }
      items.push({ kind: null, item });
      wake();
    },
    replace(kind, item) {
      if (ended) return;
      const at = items.findIndex((other) => other.kind === kind);
      if (at >= 0) items.splice(at, 1);
      else if (items.length >= capacity) return;
      items.push({ kind, item });
      wake();
    },
    end: finish,
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const next = items.shift();
        if (next) yield next.item;
        else if (ended) break;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
      if (failure) throw failure;
    },
  };
}
