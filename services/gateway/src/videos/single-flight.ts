import { abortable } from '@cinematica/concurrency';

interface Flight<T> {
  readonly result: Promise<T>;
  /** Aborted when the call that began it has ended. */
  readonly signal: AbortSignal;
}

/** Lets identical calls that arrive at the same time share one run. */
export interface SingleFlight<T> {
  /**
   * Runs, or waits for the run of the same key. Where that run broke off because its own caller went away, the next
   * caller runs.
   *
   * @throws the signal's reason, what `run` throws
   */
  do(key: string, signal: AbortSignal, run: () => Promise<T>): Promise<T>;
}

export function createSingleFlight<T>(): SingleFlight<T> {
  const flights = new Map<string, Flight<T>>();
  return {
    async do(key, signal, run) {
      for (let flight = flights.get(key); flight; flight = flights.get(key)) {
        try {
          return await abortable(flight.result, signal);
        } catch (error) {
          if (signal.aborted || !flight.signal.aborted) throw error;
        }
      }
      const flight = { result: run(), signal };
      flights.set(key, flight);
      try {
        return await flight.result;
      } finally {
        if (flights.get(key) === flight) flights.delete(key);
      }
    },
  };
}
