/** NumPy's `linspace`: `count` evenly spaced numbers from `start` to `end`, both included; only `start` if `count` is 1. */
export function linspace(start: number, end: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) =>
    i > 0 && i === count - 1 ? end : start + (i * (end - start)) / (count - 1 || 1),
  );
}

/** NumPy's `interp` for values at 0, 1, 2, …: linear interpolation at a position, constant beyond the ends. */
export function interpolate(values: ArrayLike<number>, position: number): number {
  const clamped = Math.min(Math.max(position, 0), values.length - 1);
  const low = Math.min(Math.floor(clamped), values.length - 2);
  if (low < 0) return values[0]!;
  const share = clamped - low;
  return values[low]! * (1 - share) + values[low + 1]! * share;
}
