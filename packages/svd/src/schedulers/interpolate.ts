/** `count` numbers evenly from `start` to `end`, both included; only `start` where one is wanted (NumPy's `linspace`). */
export function linspace(start: number, end: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) =>
    i > 0 && i === count - 1 ? end : start + (i * (end - start)) / (count - 1 || 1),
  );
}

/** A list of values at 0, 1, 2, … read at a place between them, linearly; the ends go on for ever (NumPy's `interp`). */
export function interpolate(values: ArrayLike<number>, at: number): number {
  const place = Math.min(Math.max(at, 0), values.length - 1);
  const low = Math.min(Math.floor(place), values.length - 2);
  if (low < 0) return values[0]!;
  const share = place - low;
  return values[low]! * (1 - share) + values[low + 1]! * share;
}
