import { readCheckpoint } from '../checkpoint/checkpoint.ts';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { CheckpointError } from '../checkpoint/checkpoint-error.ts';
import { FASTER_QUALITIES } from '../checkpoint/model-card.ts';
import { withFault } from '../checkpoint/with-fault.ts';
import type { QualityComponents } from '../checkpoint/quality-components.ts';
import { attachLoras } from '../lora/attach-loras.ts';
import type { LoraFile } from '../lora/lora-file.ts';
import { checkComponents, checkTensors } from '../graphs/check-tensors.ts';
import { SafetensorsError } from '../safetensors/safetensors-error.ts';

/**
 * Opens a checkpoint and compares the name and shape of every tensor with its configs. It reads the configs and the headers
 * of the weights, not the weights themselves. If the components of a quality do not fit, only that quality is not offered.
 * @param path a folder in diffusers' layout, a `.safetensors` file in the layout of Stability AI's own code, or a folder with
 *   only one such file
 * @param loras LoRAs that change its UNet
 * @throws CheckpointError or SafetensorsError that names the file and the tensor or field, when something is missing or does
 *   not fit
 */
export async function openCheckpoint(
  path: string,
  loras: readonly LoraFile[] = [],
  signal?: AbortSignal,
): Promise<Checkpoint> {
  const own = await withLoras(await readCheckpoint(path, signal), loras);
  let checkpoint: Checkpoint = { ...own, components: {}, warnings: [...own.warnings, ...checkTensors(own)] };
  for (const quality of FASTER_QUALITIES) {
    const found = own.components[quality];
    if (!found) continue;
    try {
      const components = await componentsWithLoras(found, loras);
      checkpoint = {
        ...checkpoint,
        components: { ...checkpoint.components, [quality]: components },
        warnings: [...checkpoint.warnings, ...checkComponents(checkpoint, components)],
      };
    } catch (error) {
      if (!(error instanceof CheckpointError || error instanceof SafetensorsError)) throw error;
      checkpoint = withFault(checkpoint, quality, error);
    }
  }
  return checkpoint;
}

/** Adds LoRAs to the checkpoint's own UNet. They change the digest: their tensors are among those of the UNet, and their scales are a config. */
async function withLoras(checkpoint: Checkpoint, loras: readonly LoraFile[]): Promise<Checkpoint> {
  if (loras.length === 0) return checkpoint;
  const { unet, configs } = checkpoint;
  const weights = await attachLoras(unet.weights, loras);
  const content = Buffer.from(JSON.stringify([...weights.loras]));
  return {
    ...checkpoint,
    unet: { ...unet, weights },
    configs: [...configs, { name: 'lora scales', content }],
  };
}

async function componentsWithLoras(found: QualityComponents, loras: readonly LoraFile[]): Promise<QualityComponents> {
  const { unet } = found;
  if (!unet || loras.length === 0) return found;
  return { ...found, unet: { ...unet, weights: await attachLoras(unet.weights, loras) } };
}
