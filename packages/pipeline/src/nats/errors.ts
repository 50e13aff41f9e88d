import { JetStreamApiError, JetStreamError } from '@nats-io/jetstream';
import {
  ClosedConnectionError,
  ConnectionError,
  DrainingConnectionError,
  NoRespondersError,
  RequestError,
  TimeoutError,
} from '@nats-io/transport-node';
import { StorageFullError, UnavailableError } from '../domain/errors.ts';

// Error codes of the JetStream API, from errors.json of nats-server.

/** "wrong last sequence": another writer was faster. */
const REVISION_CONFLICT = new Set([10071, 10164]);
/** Limits of the account, the stream and the disk. */
const STORAGE_FULL = new Set([10023, 10047, 10077, 10122]);
/** "stream/cluster temporarily not available" and "no suitable peers": a cluster that is still electing leaders. */
const TEMPORARY = new Set([10005, 10008, 10009, 10118]);

/** Whether a compare-and-set failed because the key has another revision by now. */
export const isRevisionConflict = (error: unknown): boolean =>
  error instanceof JetStreamApiError && REVISION_CONFLICT.has(error.code);

/**
 * Translates an error of the NATS client into one of the domain's; any other error is returned as it is.
 * @param activity what was attempted, as a participle: "reading a record".
 */
export function translateError(error: unknown, activity: string): unknown {
  if (error instanceof UnavailableError) return error;
  if (error instanceof JetStreamApiError && STORAGE_FULL.has(error.code)) {
    return new StorageFullError(`storage is full while ${activity}: ${error.message}`, { cause: error });
  }
  return isUnavailable(error) ? new UnavailableError(`NATS did not answer while ${activity}`, { cause: error }) : error;
}

function isUnavailable(error: unknown): boolean {
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
    // While the server starts, the client reports a missing answer as "JetStream is not enabled".
    isUnavailable(error.cause)
  );
}

/** Runs an operation and translates its errors, see {@link translateError}. */
export async function withTranslatedErrors<T>(activity: string, operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    throw translateError(error, activity);
  }
}
