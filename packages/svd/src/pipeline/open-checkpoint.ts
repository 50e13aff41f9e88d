import { readCheckpoint } from '../checkpoint/checkpoint.ts';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { checkTensors } from '../graphs/check-tensors.ts';

/**
 * Opens a checkpoint and compares the name and shape of every tensor with its configs. It reads the configs and the headers
 * of the weights, not the weights themselves.
 * @param path a folder in diffusers' layout, a `.safetensors` file in the layout of Stability AI's own code, or a folder with
 *   only one such file
 * @throws CheckpointError or SafetensorsError that names the file and the tensor or field, when something is missing or does
 *   not fit
 */
export async function openCheckpoint(path: string, signal?: AbortSignal): Promise<Checkpoint> {
  const checkpoint = await readCheckpoint(path, signal);
  return { ...checkpoint, warnings: [...checkpoint.warnings, ...checkTensors(checkpoint)] };
}
