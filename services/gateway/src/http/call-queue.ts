import type { Http2Stream } from 'node:http2';

/** How many calls are started before other events are handled. */
const PER_TURN = 8;

interface Waiting {
  readonly stream: Pick<Http2Stream, 'destroyed' | 'aborted'>;
  readonly start: () => void;
}

/**
 * Starts calls of HTTP/2 a few at a time. One packet can contain hundreds of calls, and their cancellations: without turns, the
 * process would serve nobody else until all of them have been answered. A call that is cancelled before its turn is not started.
 */
export function createCallQueue(perTurn: number = PER_TURN): (stream: Waiting['stream'], start: () => void) => void {
  let waiting: Waiting[] = [];

  function startSome(): void {
    let started = 0;
    let at = 0;
    for (; at < waiting.length && started < perTurn; at++) {
      const { stream, start } = waiting[at]!;
      if (stream.destroyed || stream.aborted) continue;
      started++;
      start();
    }
    waiting = waiting.slice(at);
    if (waiting.length > 0) setImmediate(startSome);
  }

  return (stream, start) => {
    if (waiting.length === 0) setImmediate(startSome);
    waiting.push({ stream, start });
  };
}
