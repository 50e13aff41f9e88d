/** Room that is shared: who asks for more than is left waits, in the order of asking. */
export interface ByteBudget {
  /**
   * @returns what gives it back, once or several times; null where too many wait already.
   * @throws the signal's reason
   */
  take(bytes: number, signal: AbortSignal): Promise<(() => void) | null>;
}

/** @param total at least as much as anyone may ask for. @param maxWaiting who may wait. */
export function createByteBudget(total: number, maxWaiting: number): ByteBudget {
  const waiting: { readonly bytes: number; readonly go: () => void }[] = [];
  let left = total;

  function next(): void {
    while (waiting.length > 0 && waiting[0]!.bytes <= left) {
      const { bytes, go } = waiting.shift()!;
      left -= bytes;
      go();
    }
  }

  function giver(bytes: number): () => void {
    let given = false;
    return () => {
      if (given) return;
      given = true;
      left += bytes;
      next();
    };
  }

  return {
    async take(bytes, signal) {
      signal.throwIfAborted();
      if (waiting.length >= maxWaiting) return null;
      const { promise, resolve, reject } = Promise.withResolvers<() => void>();
      const entry = { bytes, go: () => resolve(giver(bytes)) };
      const leave = () => {
        const place = waiting.indexOf(entry);
        if (place >= 0) waiting.splice(place, 1);
        reject(signal.reason as Error);
        next();
      };
      waiting.push(entry);
      signal.addEventListener('abort', leave, { once: true });
      next();
      return promise.finally(() => signal.removeEventListener('abort', leave));
    },
  };
}
