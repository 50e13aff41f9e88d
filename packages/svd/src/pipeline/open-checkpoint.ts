import { readCheckpoint } from '../checkpoint/checkpoint.ts';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { FASTER_QUALITIES } from '../checkpoint/model-card.ts';
import type { FasterQuality } from '../checkpoint/model-card.ts';
import type { QualityComponents } from '../checkpoint/quality-components.ts';
import { attachLoras } from '../lora/attach-loras.ts';
import type { LoraFile } from '../lora/lora-file.ts';
import { checkTensors } from '../graphs/check-tensors.ts';

/**
 * Opens a checkpoint and compares the name and shape of every tensor with its configs. It reads the configs and the headers
 * of the weights, not the weights themselves.
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
  const checkpoint = await withLoras(await readCheckpoint(path, signal), loras);
  return { ...checkpoint, warnings: [...checkpoint.warnings, ...checkTensors(checkpoint)] };
}

/** Adds LoRAs to every UNet. They change the digest: their tensors are among those of the UNet, and their scales are a config. */
async function withLoras(checkpoint: Checkpoint, loras: readonly LoraFile[]): Promise<Checkpoint> {
  if (loras.length === 0) return checkpoint;
  const { unet, configs } = checkpoint;
  const weights = await attachLoras(unet.weights, loras);
  const content = Buffer.from(JSON.stringify([...weights.loras]));
  const components: Partial<Record<FasterQuality, QualityComponents>> = { ...checkpoint.components };
  for (const quality of FASTER_QUALITIES) {
    const own = components[quality];
    if (!own?.unet) continue;
    const changed = { ...own.unet, weights: await attachLoras(own.unet.weights, loras) };
    components[quality] = { ...own, unet: changed };
  }
  return {
    ...checkpoint,
    unet: { ...unet, weights },
    components,
    configs: [...configs, { name: 'lora scales', content }],
  };
}
