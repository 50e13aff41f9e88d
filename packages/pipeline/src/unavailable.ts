import { JetStreamApiError, JetStreamError } from '@nats-io/jetstream';
import {
  ClosedConnectionError,
  ConnectionError,
  DrainingConnectionError,
  NoRespondersError,
  RequestError,
  TimeoutError,
} from '@nats-io/transport-node';

/** NATS did not answer in time: whether what was asked has happened is unknown. Trying again later helps. */
export class UnavailableError extends Error {
  override readonly name: string = 'UnavailableError';
}

/** A limit of streams, buckets or the disk is reached. Trying again helps once something was removed. */
export class StorageFullError extends UnavailableError {
  override readonly name = 'StorageFullError';
}

/** The server's codes for a lost compare-and-set, and for its limits (reliability.md 2.2). */
const WRONG_LAST_SEQUENCE = new Set([10071, 10164]);
const FULL = new Set([10023, 10047, 10077, 10122]);
/** "stream/cluster temporarily not available" and its kin, and "no suitable peers": a cluster that is still gathering. */
const TEMPORARY = new Set([10005, 10008, 10009, 10118]);

export const lostRace = (error: unknown): boolean =>
  error instanceof JetStreamApiError && WRONG_LAST_SEQUENCE.has(error.code);

/** What an error of the NATS client means to us; one that means nothing special comes back as it is. */
export function translate(error: unknown, doing: string): unknown {
  if (error instanceof UnavailableError) return error;
  if (error instanceof JetStreamApiError && FULL.has(error.code)) {
    return new StorageFullError(`no room left while ${doing}: ${error.message}`, { cause: error });
  }
  return isAway(error) ? new UnavailableError(`NATS did not answer while ${doing}`, { cause: error }) : error;
}

function isAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (
    error instanceof TimeoutError ||
    error instanceof NoRespondersError ||
    error instanceof ConnectionError ||
    error instanceof ClosedConnectionError ||
    error instanceof DrainingConnectionError ||
    error instanceof JetStreamError ||
    (error instanceof RequestError && error.isNoResponders()) ||
    (error instanceof JetStreamApiError && (TEMPORARY.has(error.code) || error.status === 503)) ||
    // "JetStream is not enabled" is what the client makes of no answer while the server starts.
    isAway(error.cause)
  );
}

/** Runs it, with its errors translated. */
export async function reaching<T>(doing: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw translate(error, doing);
  }
}
