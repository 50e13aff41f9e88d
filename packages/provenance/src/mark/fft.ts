/** A fast Fourier transform of complex numbers, in place. */
export interface Fft {
  readonly size: number;
  /** Forward: `X[k] = Σ x[n] exp(-2πi kn / size)`, without a factor. `from` is the first number, `stride` the step to the next one. */
  transform(re: Float32Array, im: Float32Array, from: number, stride: number): void;
}

/** @param size a power of two. */
export function createFft(size: number): Fft {
  const levels = Math.log2(size);
  if (!Number.isInteger(levels)) throw new RangeError(`the size of a transform must be a power of two, not ${size}`);
  const cos = Float64Array.from({ length: size / 2 }, (_, k) => Math.cos((2 * Math.PI * k) / size));
  const sin = Float64Array.from({ length: size / 2 }, (_, k) => -Math.sin((2 * Math.PI * k) / size));
  const order = Uint32Array.from({ length: size }, (_, n) => {
    let reversed = 0;
    for (let bit = 0; bit < levels; bit++) reversed |= ((n >> bit) & 1) << (levels - 1 - bit);
    return reversed;
  });
  const a = new Float64Array(size);
  const b = new Float64Array(size);
  return {
    size,
    transform(re, im, from, stride) {
      for (let n = 0; n < size; n++) {
        const at = from + order[n]! * stride;
        a[n] = re[at]!;
        b[n] = im[at]!;
      }
      for (let half = 1; half < size; half *= 2) {
        const step = size / (2 * half);
        for (let start = 0; start < size; start += 2 * half) {
          for (let k = 0, w = 0; k < half; k++, w += step) {
            const i = start + k;
            const j = i + half;
            const [c, s] = [cos[w]!, sin[w]!];
            const x = a[j]! * c - b[j]! * s;
            const y = a[j]! * s + b[j]! * c;
            a[j] = a[i]! - x;
            b[j] = b[i]! - y;
            a[i]! += x;
            b[i]! += y;
          }
        }
      }
      for (let n = 0, at = from; n < size; n++, at += stride) {
        re[at] = a[n]!;
        im[at] = b[n]!;
      }
    },
  };
}
