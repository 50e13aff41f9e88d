/**
 * Limits of the kernels in ONNX Runtime's CUDA provider, from its source (`contrib_ops/cuda/diffusion`,
 * `contrib_ops/cuda/bert`) and checked with release 1.30. Beyond a limit, a kernel fails or returns wrong results.
 */

/** Maximum number of elements of a tensor: most kernels count them with 32 bits. */
export const MAX_ELEMENTS = 2 ** 31 - 1;

/**
 * Maximum number of elements of the largest results, which are computed in pieces: half a gigabyte in float16. Smaller pieces would
 * save no memory at SVD-XT's size, because other results are as large.
 */
export const PIECE_ELEMENTS = 2 ** 28;

/** The limits of results that are computed in pieces on a device with little memory, in elements: a quarter of a gigabyte each. */
export const LOW_MEMORY = { feedForwardElements: 2 ** 27, mapElements: 2 ** 26 } as const;

/** The kernels of the CUDA provider cannot compute a graph. */
export class CudaLimitError extends Error {
  override readonly name = 'CudaLimitError';
}

/** The threads in a block of the GroupNorm kernel, times the two channels that each thread reads. */
const MAX_CHANNELS_PER_BLOCK = 512;

/** Whether GroupNorm and SkipGroupNorm support the groups. A thread reads two channels of a group; a block has whole groups. */
export function supportsGroupNorm(channels: number, groups: number): boolean {
  const perGroup = channels / groups;
  return Number.isInteger(perGroup) && perGroup % 2 === 0 && perGroup <= MAX_CHANNELS_PER_BLOCK / 2;
}

/** Whether BiasSplitGelu supports the width. It is compiled for the three widths of Stable Diffusion's GEGLU. */
export const supportsBiasSplitGelu = (width: number): boolean => [2560, 5120, 10240].includes(width);

/** Whether BiasAdd supports the width. It is compiled for the three widths of Stable Diffusion's UNet. */
export const supportsBiasAdd = (width: number): boolean => [320, 640, 1280].includes(width);

/** Maximum number of sequences in one attention: a dimension of the kernel's grid. */
export const MAX_SEQUENCES = 65_535;

/**
 * Whether attention with this head size does not keep the scores in memory: up to 256 with flash attention, above with the
 * memory-efficient kernel.
 */
export const supportsFlashAttention = (headSize: number): boolean => headSize % 8 === 0 && headSize <= 1024;
