import { once } from 'node:events';
import { createConnection } from 'node:net';
import { UnavailableError } from '../unavailable.ts';

/** Whose turn it is to compute on a machine with few cores. */
export interface ComputeTurns {
  /** Does something when its turn comes. @throws UnavailableError where turns can't be had; the signal's reason. */
  take<T>(run: () => Promise<T>, signal?: AbortSignal): Promise<T>;
}

/**
 * Turns among the processes of a machine, by the launcher's lock: whoever is sent a byte has its turn until it closes the
 * connection, so that one that dies gives it back.
 * @param path of the lock's socket; null where nobody else computes.
 */
export function createComputeTurns(path: string | null): ComputeTurns {
  if (path === null) return { take: (run) => run() };
  return {
    async take(run, signal) {
      signal?.throwIfAborted();
      const socket = createConnection(path);
      try {
        const gone = once(socket, 'close').then(() => {
          throw new Error('the lock was closed');
        });
        gone.catch(() => undefined);
        await Promise.race([once(socket, 'data', signal ? { signal } : {}), gone]);
      } catch (cause) {
        socket.destroy();
        signal?.throwIfAborted();
        throw new UnavailableError(`no turn to compute could be had at COMPUTE_LOCK=${path}`, { cause });
      }
      // What holds the turn must outlive the lock's own end.
      socket.on('error', () => undefined);
      try {
        return await run();
      } finally {
        socket.destroy();
      }
    },
  };
}
