import type { NvidiaDevice } from '@cinematica/svd';

/** The first driver for CUDA 13: its major version. */
export const OLDEST_DRIVER = 580;

/** The oldest compute capability (Turing). */
const OLDEST_CAPABILITY = 7.5;

/**
 * The generations that the wheel of ONNX Runtime 1.30 has kernels for: 7.5, 8.0, 8.6, 8.9, 9.0 and 12.0, each for later ones
 * of the same generation. The list was read from the fat binaries of `libonnxruntime_providers_cuda.so`. It has no kernels
 * that the driver could compile for others.
 */
const GENERATIONS: readonly number[] = [7, 8, 9, 12];

/**
 * What a video of the small model needs: its three stages took 2.2 GiB in a dry run of the provider (without a GPU), and each
 * stage is a process with a context of its own. Bytes.
 */
export const LEAST_MEMORY = 4 * 2 ** 30;

/** Why ONNX Runtime cannot use a GPU, and what to do, in one line. Null when it can. */
export function whyUnfit({ name, driver, computeCapability, memory }: NvidiaDevice): string | null {
  if (Number.parseInt(driver, 10) < OLDEST_DRIVER) {
    return `${name}: its driver ${driver} is too old for CUDA 13: install NVIDIA’s driver ${OLDEST_DRIVER} or newer`;
  }
  const capability = Number(computeCapability);
  if (computeCapability !== null && capability < OLDEST_CAPABILITY) {
    return `${name} is too old: CUDA 13 needs compute capability ${OLDEST_CAPABILITY} or newer, not ${computeCapability}: use another GPU, or the CPU`;
  }
  if (computeCapability !== null && !GENERATIONS.includes(Math.trunc(capability))) {
    return `${name}: ONNX Runtime 1.30 has no kernels for compute capability ${computeCapability}: use another GPU, or the CPU`;
  }
  if (memory !== null && memory < LEAST_MEMORY) {
    return `${name} is too small: ${gibibytes(memory)} of memory, and the stages need ${gibibytes(LEAST_MEMORY)}: use another GPU, or the CPU`;
  }
  return null;
}

/** @param bytes such as those of a GPU's memory, which are often a little less than the number in its name */
export const gibibytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1).replace('.0', '')} GiB`;
