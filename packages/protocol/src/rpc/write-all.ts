import type { Writable } from 'node:stream';

/**
 * Writes messages to a gRPC stream. Each write waits until the transport has accepted the previous message, so that a slow
 * reader slows the writer down.
 *
 * @throws the reason of the signal when it is aborted, and errors of `messages`
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

/** Writes one message. If the stream ends early, it does not call back, so the signal must end the wait, too. */
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
