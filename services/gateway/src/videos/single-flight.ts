import { abortable } from '@cinematica/concurrency';

interface Flight<T> {
  readonly result: Promise<T>;
  /** Aborted when the call that started the run ends early. */
  readonly signal: AbortSignal;
}

/** Lets identical calls that arrive at the same time share one run. */
export interface SingleFlight<T> {
  /**
   * Calls `run`, or waits for the run with the same key that is in progress. When the caller of that run disconnects and
   * the run fails, the next waiting caller starts its own run.
   * @param signal ends waiting.
   * @throws the signal's reason; what `run` throws.
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
