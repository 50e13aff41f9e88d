import type { Writable } from 'node:stream';

/**
 * Writes to a gRPC stream one message at a time, each when the transport has taken the one before, so that a slow reader
 * holds the writer back.
 *
 * @throws the signal's reason when it is aborted, also between writes; what `messages` throws
 */
export async function writeAll<T>(
  stream: Pick<Writable, 'write'>,
  messages: AsyncIterable<T> | Iterable<T>,
  signal: AbortSignal,
): Promise<void> {
  for await (const message of messages) {
    signal.throwIfAborted();
    await write(stream, message, signal);
  }
}

/** A stream that ends early never calls back what it had not yet written: the signal has to end the waiting, too. */
function write(stream: Pick<Writable, 'write'>, message: unknown, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', stop, { once: true });
    stream.write(message, (error) => {
      signal.removeEventListener('abort', stop);
      if (error) reject(error);
      else resolve();
    });
  });
}
