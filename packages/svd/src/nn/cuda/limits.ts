/**
 * What the CUDA provider's kernels for diffusion take, read in ONNX Runtime's source (`contrib_ops/cuda/diffusion`,
 * `contrib_ops/cuda/bert`) and seen in its 1.30 library. Outside of it a kernel fails when it runs, or computes something
 * else.
 */

/** Elements that one tensor may have: most kernels count them in 32 bits. */
export const MOST_ELEMENTS = 2 ** 31 - 1;

/** A graph that the CUDA provider's kernels can't compute. */
export class CudaLimitError extends Error {
  override readonly name = 'CudaLimitError';
}

/** Threads a block of GroupNorm's kernel, times the two channels that each of them reads. */
const MOST_CHANNELS_PER_BLOCK = 512;

/** GroupNorm and SkipGroupNorm: each thread reads two channels of one group, and a block holds whole groups. */
export function takesGroupNorm(channels: number, groups: number): boolean {
  const perGroup = channels / groups;
  return Number.isInteger(perGroup) && perGroup % 2 === 0 && perGroup <= MOST_CHANNELS_PER_BLOCK / 2;
}

/** BiasSplitGelu is compiled for the three widths of Stable Diffusion's GEGLU. */
export const takesBiasSplitGelu = (width: number): boolean => [2560, 5120, 10240].includes(width);

/** BiasAdd is compiled for the three widths of Stable Diffusion's UNet. */
export const takesBiasAdd = (width: number): boolean => [320, 640, 1280].includes(width);

/** Sequences that attention takes at once: one dimension of its kernels' grid. */
export const MOST_SEQUENCES = 65_535;

/**
 * Whether attention with heads of this size runs without holding the scores: flash attention up to 256, the
 * memory-efficient kernel above.
 */
export const takesAttention = (headSize: number): boolean => headSize % 8 === 0 && headSize <= 1024;
