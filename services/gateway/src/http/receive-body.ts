import type { ReceiveBudget } from './receive-budget.ts';

/** The limits of a request body. Every limit is required. */
export interface BodyLimits {
  /** The maximum size. Bytes. */
  readonly maxBytes: number;
  /** A body whose average speed is lower than this after `graceMs` is refused. Bytes per second; 0 for no limit. */
  readonly minBytesPerSecond: number;
  /** How long the client may be silent in addition to the time that `minBytesPerSecond` allows. Milliseconds. */
  readonly graceMs: number;
  /** How long the client may take for the whole body. Milliseconds; Infinity for no limit. */
  readonly deadlineMs: number;
}

/** Why a body is refused: too large, too slow, or no memory is free. */
export type BodyRefusal = 'too-large' | 'too-slow' | 'busy';

/** A request body is refused before it was received completely. */
export class BodyError extends Error {
  override readonly name = 'BodyError';
  readonly refusal: BodyRefusal;

  constructor(refusal: BodyRefusal, message: string) {
    super(message);
    this.refusal = refusal;
  }
}

/** Options for receiving a body. All of them are required. */
export interface ReceiveBodyOptions {
  /** The limits of size and speed. */
  readonly limits: BodyLimits;
  /** The memory that bodies of this class share. */
  readonly budget: ReceiveBudget;
  /** The client in the budget: the owner of an API key, or an address. */
  readonly client: string;
  /** The size in `content-length`; null when there is none. A size over the limit is refused immediately. */
  readonly declaredBytes: number | null;
  /** Reserves the maximum size from the start, because a compressed body may have that size once it is decompressed. */
  readonly countsAsLargest: boolean;
  /** Releases the memory when the body has been received, instead of when the call ends. */
  readonly releaseWhenReceived: boolean;
  /** Called with each chunk before it is yielded. An error that it throws ends the body. Null for no inspection. */
  readonly inspect: ((chunk: Uint8Array) => void) | null;
  /** Called when the memory of a body that has been received is needed for another client: the call must end with this error. */
  readonly onEvict: (error: BodyError) => void;
  /** Aborted when the call ends, also when it succeeds. */
  readonly signal: AbortSignal;
}

/**
 * Yields the chunks of a request body, within limits of size, speed and memory. While no memory is free, nothing is read,
 * so that flow control slows the client down.
 * @throws BodyError; the signal's reason; what `inspect` throws.
 */
export async function* receiveBody(
  body: AsyncIterable<Uint8Array>,
  { limits, budget, client, inspect, signal, ...options }: ReceiveBodyOptions,
): AsyncGenerator<Uint8Array> {
  const { declaredBytes } = options;
  if (declaredBytes !== null && declaredBytes > limits.maxBytes) throw tooLarge(limits);
  const pace: Pace = { fail: () => undefined };
  const reservation = budget.open(client, signal, () => {
    pace.fail(busy());
    options.onEvict(busy());
  });
  signal.addEventListener('abort', reservation.release, { once: true });
  if (signal.aborted) reservation.release();
  try {
    if (options.countsAsLargest && !(await reservation.take(limits.maxBytes))) throw busy();
    let received = 0;
    for await (const chunk of atMinimumSpeed(body, limits, pace)) {
      received += chunk.length;
      if (received > limits.maxBytes) throw tooLarge(limits);
      inspect?.(chunk);
      if (!options.countsAsLargest && !(await reservation.take(chunk.length))) throw busy();
      yield chunk;
    }
    reservation.complete();
  } finally {
    if (options.releaseWhenReceived) {
      signal.removeEventListener('abort', reservation.release);
      reservation.release();
    }
  }
}

/** Ends the wait for the next chunk. */
interface Pace {
  fail: (error: BodyError) => void;
}

/** How often the speed of a client is checked. Milliseconds. */
const CHECK_MS = 250;

/**
 * Yields chunks while the client is fast enough. Only the time spent waiting for the client counts, not the time to process
 * chunks. The iterator's `return` is never called, because it would destroy the connection before the error has been sent.
 * One timer checks the whole body, so that no timer has to be set for each of hundreds of chunks.
 */
async function* atMinimumSpeed(
  body: AsyncIterable<Uint8Array>,
  limits: BodyLimits,
  pace: Pace,
): AsyncGenerator<Uint8Array> {
  const { minBytesPerSecond, graceMs, deadlineMs } = limits;
  const chunks = body[Symbol.asyncIterator]();
  let received = 0;
  let waited = 0;
  let waitingSince = 0;

  const timer = setInterval(() => {
    if (waitingSince === 0) return;
    const now = performance.now() - waitingSince;
    const earned = minBytesPerSecond > 0 ? (received / minBytesPerSecond) * 1000 : waited;
    if (waited + now > Math.min(graceMs + earned, deadlineMs)) pace.fail(tooSlow());
  }, CHECK_MS);

  try {
    for (;;) {
      waitingSince = performance.now();
      const next = await new Promise<IteratorResult<Uint8Array>>((resolve, reject) => {
        pace.fail = reject;
        chunks.next().then(resolve, reject);
      });
      waited += performance.now() - waitingSince;
      waitingSince = 0;
      if (next.done === true) return;
      received += next.value.length;
      yield next.value;
    }
  } finally {
    clearInterval(timer);
  }
}

const tooSlow = () =>
  new BodyError('too-slow', 'The request arrives too slowly: send it again over a faster connection.');

const busy = () => new BodyError('busy', 'Too many requests are being received: try again soon.');

const tooLarge = ({ maxBytes }: BodyLimits) =>
  new BodyError('too-large', `The request is larger than ${maxBytes} bytes, the limit of this method.`);
