/** How long after the first measurement the speed is measured again, in milliseconds. */
const AGAIN_MS = [5_000, 20_000];
/** How long a later measurement may take. Tasks wait for it meanwhile. Milliseconds. */
const TIMEOUT_MS = 10_000;

/** The highest of several measurements of how fast a machine computes. */
export interface SpeedMeter {
  /** Floating-point operations per second. */
  readonly fastest: number;
}

/** Options of a speed meter. Both are required. */
export interface SpeedMeterOptions {
  /** Whether the speed is still needed. As soon as a task was computed, its time says more. */
  readonly isNeeded: () => boolean;
  /** Called when a later measurement fails. The speed is then that of the others. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * Measures at once, and again a little later: the programs of a system start at the same time, and slow each other meanwhile.
 * @param measure the speed in floating-point operations per second. Later measurements have a signal that ends them.
 * @throws what the first measurement throws.
 */
export async function startSpeedMeter(
  measure: (signal?: AbortSignal) => Promise<number>,
  { isNeeded, onFailure }: SpeedMeterOptions,
): Promise<SpeedMeter> {
  let fastest = await measure();
  for (const delay of AGAIN_MS) {
    const again = (): void => {
      if (!isNeeded()) return;
      measure(AbortSignal.timeout(TIMEOUT_MS)).then((speed) => (fastest = Math.max(fastest, speed)), onFailure);
    };
    setTimeout(again, delay).unref();
  }
  return {
    get fastest() {
      return fastest;
    },
  };
}
