/** For each place along a side: the two places of another size that it lies between, and how near it is to the second. */
export interface BilinearTaps {
  readonly low: Int32Array;
  readonly high: Int32Array;
  readonly weight: Float32Array;
}

/** Pixel centres at half integers, with the border pixels repeated. */
export function bilinearTaps(from: number, to: number): BilinearTaps {
  const low = new Int32Array(to);
  const high = new Int32Array(to);
  const weight = new Float32Array(to);
  for (let i = 0; i < to; i++) {
    const at = Math.min(Math.max(((i + 0.5) * from) / to - 0.5, 0), from - 1);
    low[i] = Math.floor(at);
    high[i] = Math.min(low[i]! + 1, from - 1);
    weight[i] = at - low[i]!;
  }
  return { low, high, weight };
}
