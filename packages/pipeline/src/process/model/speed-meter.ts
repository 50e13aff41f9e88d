/** How long after the first measurement the speed is measured again, in milliseconds. */
const AGAIN_MS = [5_000, 20_000];

/** The highest of several measurements of how fast a machine computes. */
export interface SpeedMeter {
  /** Floating-point operations per second. */
  readonly fastest: number;
}

/**
 * Measures at once, and again a little later: the programs of a system start at the same time, and slow each other meanwhile.
 * @param measure the speed in floating-point operations per second.
 * @param onFailure called when a later measurement fails. The speed is then that of the others.
 * @throws what the first measurement throws.
 */
export async function startSpeedMeter(
  measure: () => Promise<number>,
  onFailure: (error: unknown) => void,
): Promise<SpeedMeter> {
  let fastest = await measure();
  for (const delay of AGAIN_MS) {
    const again = (): void => {
      measure().then((speed) => (fastest = Math.max(fastest, speed)), onFailure);
    };
    setTimeout(again, delay).unref();
  }
  return {
    get fastest() {
      return fastest;
    },
  };
}
