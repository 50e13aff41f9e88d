/** What a seed may be, in plain words. It follows the name of the field or flag. */
const REQUIREMENT = 'must be a whole number from 0 to 18446744073709551615, or -1 for a random one';

/** A seed that cannot be used. The message follows the name of the field or flag. */
export class SeedError extends Error {
  override readonly name = 'SeedError';
}

/**
 * Reads a seed as other tools write it. Here seeds have 32 bits. Of a 64-bit seed, the low 32 bits are used, as PyTorch's
 * generator for CPUs does (`mt19937` in ATen/core/MT19937RNGEngine.h).
 *
 * @param text decimal digits, or `-1` for a random seed, as in ComfyUI and AUTOMATIC1111
 * @returns 0 to 2^32 - 1; null for a random seed
 * @throws SeedError when it is anything else
 */
export function parseSeed(text: string): number | null {
  const trimmed = text.trim();
  if (trimmed === '-1') return null;
  if (!/^\d{1,40}$/.test(trimmed)) throw new SeedError(`${REQUIREMENT}, not ${trimmed.slice(0, 40) || 'empty'}`);
  const seed = BigInt(trimmed);
  if (seed >= 2n ** 64n) throw new SeedError(`${REQUIREMENT}, not ${trimmed}`);
  return Number(BigInt.asUintN(32, seed));
}
