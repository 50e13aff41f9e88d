import type { ReceiveBudget } from './receive-budget.ts';

/** What a request body may be, and how it has to arrive. */
export interface BodyLimits {
  /** The most bytes. */
  readonly maxBytes: number;
  /** A body that has a slower average, after `graceMs`, is refused. Bytes a second; 0 is no limit. */
  readonly minBytesPerSecond: number;
  /** How long the sender may be silent before its average counts. Milliseconds. */
  readonly graceMs: number;
  /** How long the sender may take for the whole body; Infinity is no limit. Milliseconds. */
  readonly deadlineMs: number;
}

/** Why a body is not received. */
export type BodyRefusal = 'too-large' | 'too-slow' | 'busy';

/** A request body is refused while it arrives. */
export class BodyError extends Error {
  override readonly name = 'BodyError';
  readonly refusal: BodyRefusal;

  constructor(refusal: BodyRefusal, message: string) {
    super(message);
    this.refusal = refusal;
  }
}

export interface ReceiveBodyOptions {
  readonly limits: BodyLimits;
  readonly budget: ReceiveBudget;
  /** Whose share of the budget is used: an API key's owner, or an address. */
  readonly holder: string;
  /** The size that the sender announces; null where it announces none. */
  readonly declaredBytes: number | null;
  /** Counts the body as having its largest size from the start, as a compressed one may have once decompressed. */
  readonly countsAsLargest: boolean;
  /** Gives the memory back when the body has been received, not when the call ends. */
  readonly releaseWhenReceived: boolean;
  /** Sees each chunk before it is passed on. What it throws ends the body. */
  readonly inspect: ((chunk: Uint8Array) => void) | null;
  /** Aborted when the call ends, however it ends. */
  readonly signal: AbortSignal;
}

/**
 * Passes a request body on, chunk by chunk, within limits of size, pace and memory. While there is no memory, nothing
 * is read, so that flow control holds the sender back.
 *
 * @throws BodyError, the signal's reason, what `inspect` throws
 */
export async function* receiveBody(
  body: AsyncIterable<Uint8Array>,
  { limits, budget, holder, inspect, signal, ...options }: ReceiveBodyOptions,
): AsyncGenerator<Uint8Array> {
  const { declaredBytes } = options;
  if (declaredBytes !== null && declaredBytes > limits.maxBytes) throw tooLarge(limits);
  const receipt = budget.open(holder, signal);
  signal.addEventListener('abort', receipt.release, { once: true });
  if (signal.aborted) receipt.release();
  try {
    if (options.countsAsLargest && !(await receipt.take(limits.maxBytes))) throw busy();
    let received = 0;
    for await (const chunk of inPace(body, limits)) {
      received += chunk.length;
      if (received > limits.maxBytes) throw tooLarge(limits);
      inspect?.(chunk);
      if (!options.countsAsLargest && !(await receipt.take(chunk.length))) throw busy();
      yield chunk;
    }
  } finally {
    if (options.releaseWhenReceived) {
      signal.removeEventListener('abort', receipt.release);
      receipt.release();
    }
  }
}

/** How often a sender's pace is checked. Milliseconds. */
const CHECK_MS = 250;

/**
 * Only the time spent waiting for the sender counts, not the time that we take for what has arrived. The source is never
 * asked to return: that would destroy the connection before the refusal has been sent.
 *
 * One timer watches a whole body. A race with a timeout for each chunk keeps the chunks in memory for longer: 30 MB more
 * while photos of 12 MB arrive.
 */
async function* inPace(body: AsyncIterable<Uint8Array>, limits: BodyLimits): AsyncGenerator<Uint8Array> {
  const { minBytesPerSecond, graceMs, deadlineMs } = limits;
  const chunks = body[Symbol.asyncIterator]();
  let received = 0;
  let waited = 0;
  let waitingSince = 0;
  let fail: (error: BodyError) => void = () => undefined;

  const timer = setInterval(() => {
    if (waitingSince === 0) return;
    const now = performance.now() - waitingSince;
    const earned = minBytesPerSecond > 0 ? (received / minBytesPerSecond) * 1000 : waited;
    if (waited + now > Math.min(graceMs + earned, deadlineMs)) fail(tooSlow());
  }, CHECK_MS);

  try {
    for (;;) {
      waitingSince = performance.now();
      const next = await new Promise<IteratorResult<Uint8Array>>((resolve, reject) => {
        fail = reject;
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
  new BodyError('too-slow', 'The request arrives too slowly: send it again over a better connection.');

const busy = () => new BodyError('busy', 'Too many requests are being received: try again soon.');

const tooLarge = ({ maxBytes }: BodyLimits) =>
  new BodyError('too-large', `The request is larger than the ${maxBytes} bytes that this method takes.`);
