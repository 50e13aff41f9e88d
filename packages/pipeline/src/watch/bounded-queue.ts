/** A queue between something that is never waited for and someone who may be slow. */
export interface BoundedQueue<T> extends AsyncIterable<T> {
  /** Adds an item; one too many ends the queue with an error. */
  push(item: T): void;
  /** Adds an item in place of the last one of its kind that was not taken yet: it is never too many. */
  replace(kind: string, item: T): void;
  /** Ends it once everything in it was taken; with an error, that comes last. */
  end(error?: Error): void;
}

/** The reader is so far behind that it is dropped rather than waited for. */
export class SlowReaderError extends Error {
  override readonly name = 'SlowReaderError';
}

/** @param most items that may wait. */
export function createBoundedQueue<T>(most: number): BoundedQueue<T> {
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
      if (items.length >= most) {
        items.length = 0;
        finish(new SlowReaderError(`more than ${most} events were waiting to be read`));
        return;
      }
      items.push({ kind: null, item });
      wake();
    },
    replace(kind, item) {
      if (ended) return;
      const at = items.findIndex((other) => other.kind === kind);
      if (at >= 0) items.splice(at, 1);
      else if (items.length >= most) return;
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
