import { readCheckpoint } from '../checkpoint/checkpoint.ts';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { checkTensors } from '../graphs/check-tensors.ts';

/**
 * Opens a checkpoint in diffusers' layout and compares the name and shape of every tensor with its configs. It reads the
 * configs and the headers of the weights, not the weights themselves.
 * @param folder the folder of `model_index.json`
 * @throws CheckpointError or SafetensorsError that names the file and the tensor or field, when something is missing,
 *   superfluous or does not fit
 */
export async function openCheckpoint(folder: string, signal?: AbortSignal): Promise<Checkpoint> {
  const checkpoint = await readCheckpoint(folder, signal);
  checkTensors(checkpoint);
  return checkpoint;
}
