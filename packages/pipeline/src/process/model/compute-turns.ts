import { createConnection } from 'node:net';
import type { Socket } from 'node:net';
import { inSpan } from '../../telemetry/trace.ts';
import { UnavailableError } from '../../domain/errors.ts';

/** Lets the processes of a machine with few cores compute one after the other. */
export interface ComputeTurns {
  /** Runs a computation when it is this process's turn. @throws UnavailableError when the lock is unreachable; the signal's reason. */
  take<T>(run: () => Promise<T>, signal?: AbortSignal): Promise<T>;
}

/** How long a turn is kept for the next step when no other process waits: requesting a new one takes 1 to 2 ms. */
const KEEP_MS = 50;

/** A turn of this process. */
interface Turn {
  readonly socket: Socket;
  /** Whether another process waits for its turn. */
  wanted: boolean;
}

/**
 * Takes turns by the launcher's lock. The lock sends a byte to the process whose turn it is, and the turn ends when that
 * process closes the connection, also by dying. A turn ends after each step when another process waits, or else when no
 * further step follows.
 * @param path the lock's socket; null when no other process computes.
 */
export function createComputeTurns(path: string | null): ComputeTurns {
  if (path === null) return { take: (run) => run() };
  let kept: Turn | null = null;
  let timer: NodeJS.Timeout | undefined;

  function drop(turn: Turn): void {
    if (kept === turn) kept = null;
    turn.socket.destroy();
  }

  function takeKept(): Turn | null {
    const turn = kept;
    kept = null;
    clearTimeout(timer);
    return turn;
  }

  async function request(signal: AbortSignal | undefined): Promise<Turn> {
    const turn: Turn = { socket: createConnection(path!), wanted: false };
    const { socket } = turn;
    const granted = Promise.withResolvers<true>();
    const abort = () => granted.reject(signal?.reason);
    signal?.addEventListener('abort', abort, { once: true });
    // The process must survive the end of the lock.
    socket.on('error', granted.reject);
    socket.on('close', () => {
      granted.reject(new Error('the lock closed the connection'));
      if (kept === turn) kept = null;
    });
    let bytes = 0;
    socket.on('data', ({ length }) => {
      bytes += length;
      granted.resolve(true);
      turn.wanted = bytes > 1;
      if (turn.wanted && kept === turn) drop(turn);
    });
    try {
      await inSpan('wait for turn', {}, () => granted.promise);
      return turn;
    } catch (cause) {
      drop(turn);
      signal?.throwIfAborted();
      throw new UnavailableError(`the compute lock at COMPUTE_LOCK=${path} is unreachable`, { cause });
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  return {
    async take(run, signal) {
      signal?.throwIfAborted();
      const turn = takeKept() ?? (await request(signal));
      try {
        return await run();
      } finally {
        if (turn.wanted || kept || turn.socket.destroyed) drop(turn);
        else {
          kept = turn;
          timer = setTimeout(() => drop(turn), KEEP_MS).unref();
        }
      }
    },
  };
}
