/** The key of a sequence of random numbers. A different value in any field gives an independent sequence. */
export interface RandomKey {
  /** The seed of the video, an unsigned 32-bit integer. */
  readonly seed: number;
  /** The number of the segment in the video, from 0. */
  readonly segment: number;
  /** The number of the denoising step, from 0; 0 for numbers that are drawn once per segment. */
  readonly step: number;
  /** The purpose of the numbers, such as `latents`. */
  readonly tensor: string;
}

/**
 * Standard normal numbers from a counter-based generator. Number i depends only on the key and i. So any range can be
 * computed without the numbers before it, and the bits are the same on every machine.
 *
 * 1. Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC'11) with
 *    key = (seed, FNV-1a-32 of the tensor's name in UTF-8) and counter = (⌊i/4⌋, segment, step, 0);
 *    number i takes word i mod 4 of the four that come out.
 * 2. The word w is converted to p = (w + ½) / 2³², so 0 < p < 1.
 * 3. The number is the quantile of the normal distribution at p by Wichura's algorithm AS 241 (PPND16), rounded to float32.
 *    The logarithm in the tails is computed by a series, because `Math.log` may differ between machines; basic arithmetic
 *    and the square root do not. The largest magnitude is 6.34.
 *
 * @param length count of numbers
 * @param offset index i of the first number; default 0
 * @throws RangeError when a field of the key, or the range, is not an unsigned 32-bit integer
 */
export function normals(key: RandomKey, length: number, offset = 0): Float32Array {
  const { seed, segment, step } = key;
  for (const [name, value] of Object.entries({ seed, segment, step, offset, length, end: offset + length })) {
    if (value !== value >>> 0)
      throw new RangeError(`random ${name} must be a whole number from 0 to 2³² − 1, not ${value}`);
  }
  const numbers = new Float32Array(length);
  const words = new Uint32Array(4);
  const tensor = fnv1a(key.tensor);
  let block = -1;
  for (let n = 0; n < length; n++) {
    const i = offset + n;
    if (i >>> 2 !== block) {
      block = i >>> 2;
      words[0] = block;
      words[1] = segment;
      words[2] = step;
      words[3] = 0;
      philox4x32(words, seed, tensor);
    }
    numbers[n] = normalQuantile((words[i & 3]! + 0.5) / 2 ** 32);
  }
  return numbers;
}

/** Philox4x32-10: turns the counter in place into four random words. */
export function philox4x32(counter: Uint32Array, key0: number, key1: number): void {
  let [c0, c1, c2, c3] = counter as unknown as [number, number, number, number];
  let [k0, k1] = [key0 | 0, key1 | 0];
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(0xd2511f53, c0);
    const low0 = Math.imul(0xd2511f53, c0);
    const high1 = multiplyHigh(0xcd9e8d57, c2);
    const low1 = Math.imul(0xcd9e8d57, c2);
    [c0, c1, c2, c3] = [high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0];
    k0 = (k0 + 0x9e3779b9) | 0;
    k1 = (k1 + 0xbb67ae85) | 0;
  }
  counter[0] = c0;
  counter[1] = c1;
  counter[2] = c2;
  counter[3] = c3;
}

/** The upper 32 bits of the product of two unsigned 32-bit integers. */
function multiplyHigh(a: number, b: number): number {
  const [a0, a1, b0, b1] = [a & 0xffff, a >>> 16, b & 0xffff, b >>> 16];
  const middle = a1 * b0 + ((a0 * b0) >>> 16);
  const other = a0 * b1 + (middle & 0xffff);
  return (a1 * b1 + Math.floor(middle / 65536) + Math.floor(other / 65536)) | 0;
}

/** The 32-bit FNV-1a hash of the UTF-8 bytes of a text. */
export function fnv1a(text: string): number {
  return new TextEncoder().encode(text).reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193), 0x811c9dc5) >>> 0;
}

/** The standard normal quantile, 0 < p < 1, to about 1e-16: M. J. Wichura, Applied Statistics 37 (1988), AS 241. */
function normalQuantile(p: number): number {
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) {
    const r = 0.180625 - q * q;
    return (q * polynomial(CENTRE_NUMERATOR, r)) / polynomial(CENTRE_DENOMINATOR, r);
  }
  const r = Math.sqrt(-logarithm(q < 0 ? p : 1 - p));
  // AS 241 has another polynomial for r > 5. Here, r is at most 4.79, because the smallest p is 2⁻³³.
  const size = polynomial(TAIL_NUMERATOR, r - 1.6) / polynomial(TAIL_DENOMINATOR, r - 1.6);
  return q < 0 ? -size : size;
}

/** ln x for 0 < x ≤ 1: x = m · 2^e with m near 1, and ln m = 2 artanh((m − 1)/(m + 1)) by its series. */
function logarithm(x: number): number {
  let exponent = 0;
  let m = x;
  while (m < Math.SQRT1_2) {
    m *= 2;
    exponent--;
  }
  const s = (m - 1) / (m + 1);
  let sum = 0;
  for (let odd = 23; odd >= 1; odd -= 2) sum = sum * s * s + 1 / odd;
  return exponent * Math.LN2 + 2 * s * sum;
}

/** Evaluates a polynomial by Horner's rule. The constant coefficient is the first. */
function polynomial(coefficients: readonly number[], x: number): number {
  let value = 0;
  for (let i = coefficients.length - 1; i >= 0; i--) value = value * x + coefficients[i]!;
  return value;
}

const CENTRE_NUMERATOR = [
  3.387132872796366608, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4,
  4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3,
];
const CENTRE_DENOMINATOR = [
  1, 4.2313330701600911252e1, 6.871870074920579083e2, 5.3941960214247511077e3, 2.1213794301586595867e4,
  3.930789580009271061e4, 2.8729085735721942674e4, 5.226495278852854561e3,
];
const TAIL_NUMERATOR = [
  1.42343711074968357734, 4.6303378461565452959, 5.7694972214606914055, 3.64784832476320460504, 1.27045825245236838258,
  2.4178072517745061177e-1, 2.27238449892691845833e-2, 7.7454501427834140764e-4,
];
const TAIL_DENOMINATOR = [
  1, 2.05319162663775882187, 1.6763848301838038494, 6.8976733498510000455e-1, 1.4810397642748007459e-1,
  1.51986665636164571966e-2, 5.475938084995344946e-4, 1.05075007164441684324e-9,
];
