import { createConnection } from 'node:net';
import type { Socket } from 'node:net';
import { inSpan } from '../../telemetry/trace.ts';
import { UnavailableError } from '../../domain/errors.ts';

/** Whose turn it is to compute on a machine with few cores. */
export interface ComputeTurns {
  /** Does something when its turn comes. @throws UnavailableError where turns can't be had; the signal's reason. */
  take<T>(run: () => Promise<T>, signal?: AbortSignal): Promise<T>;
}

/** How long a turn that nobody else waits for is kept for the next step: asking anew takes a millisecond or two. */
const KEEP_MS = 50;

/** A turn that was given. */
interface Turn {
  readonly socket: Socket;
  /** Whether another process waits for it. */
  wanted: boolean;
}

/**
 * Turns among the processes of a machine, by the launcher's lock: whoever is sent a byte has its turn until it closes the
 * connection, so that one that dies gives it back. It is closed after each step that another process has waited for, and
 * else once nothing follows.
 * @param path of the lock's socket; null where nobody else computes.
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

  async function ask(signal: AbortSignal | undefined): Promise<Turn> {
    const turn: Turn = { socket: createConnection(path!), wanted: false };
    const { socket } = turn;
    const given = Promise.withResolvers<true>();
    const abort = () => given.reject(signal?.reason);
    signal?.addEventListener('abort', abort, { once: true });
    // What holds the turn must outlive the lock's own end.
    socket.on('error', given.reject);
    socket.on('close', () => {
      given.reject(new Error('the lock was closed'));
      if (kept === turn) kept = null;
    });
    let bytes = 0;
    socket.on('data', ({ length }) => {
      bytes += length;
      given.resolve(true);
      turn.wanted = bytes > 1;
      if (turn.wanted && kept === turn) drop(turn);
    });
    try {
      await inSpan('wait for turn', {}, () => given.promise);
      return turn;
    } catch (cause) {
      drop(turn);
      signal?.throwIfAborted();
      throw new UnavailableError(`no turn to compute could be had at COMPUTE_LOCK=${path}`, { cause });
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  return {
    async take(run, signal) {
      signal?.throwIfAborted();
      const turn = takeKept() ?? (await ask(signal));
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
