import { describeFailure } from './http/describe-failure.ts';
import { USER_AGENT } from './http/user-agent.ts';

/** The time stamp authority did not give a time stamp. The message says why. */
export class TimestampError extends Error {
  override readonly name = 'TimestampError';
}

/** The most bytes of an answer. Those of public authorities have 2 to 8 kB. */
const MAX_BYTES = 65_536;

/** The authority, and how long it may take. All are required. */
export interface TimestampOptions {
  /** The URL of the authority, from the operator. */
  readonly url: string;
  /** Time limit of the whole exchange. Milliseconds. */
  readonly timeoutMs: number;
  /** Ends the exchange. */
  readonly signal: AbortSignal;
}

/**
 * Asks a time stamp authority over HTTP (RFC 3161, section 3.4). The operator has chosen its address, so that it may be a private
 * one, and `http`: the answer is signed. Redirects are not followed.
 * @returns the answer as it came.
 * @throws TimestampError; the signal's reason.
 */
export async function getTimestamp(
  request: Uint8Array,
  { url, timeoutMs, signal }: TimestampOptions,
): Promise<Uint8Array> {
  const deadline = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/timestamp-query', 'user-agent': USER_AGENT },
      body: new Uint8Array(request),
      redirect: 'manual',
      signal: AbortSignal.any([signal, deadline]),
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new TimestampError(`the time stamp authority answered with the status ${response.status}`);
    }
    return await readAtMost(response, MAX_BYTES);
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof TimestampError) throw cause;
    const reason = deadline.aborted
      ? `did not answer within ${timeoutMs} ms`
      : // The cause of an error of `fetch` is that of the connection.
        `could not be asked: ${describeFailure(cause instanceof Error ? (cause.cause ?? cause) : cause)}`;
    throw new TimestampError(`the time stamp authority ${reason}`, { cause });
  }
}

async function readAtMost(response: Response, most: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += part.length;
    if (bytes > most) throw new TimestampError(`the time stamp authority sent more than ${most} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}
