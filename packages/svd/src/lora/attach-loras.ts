import { CheckpointError } from '../checkpoint/checkpoint-error.ts';
import { readHeader } from '../safetensors/read-header.ts';
import { refuseEightBit } from '../safetensors/refuse-eight-bit.ts';
import { SafetensorsError } from '../safetensors/safetensors-error.ts';
import type { TensorEntry } from '../safetensors/read-header.ts';
import { createWeights } from '../safetensors/weights.ts';
import type { LoraLayer, Weights } from '../safetensors/weights.ts';
import { LoraError } from './lora-error.ts';
import type { LoraFile } from './lora-file.ts';
import { flatName, parseLoraName } from './lora-names.ts';
import { originalLayers } from './original-layers.ts';
import type { LoraTensorName } from './lora-names.ts';
import { readLoraScale } from './lora-scale.ts';

/** Methods that change a weight in another way than by a product of two matrices. */
const OTHER_METHODS =
  /\.(?:hada_w|lokr_w|lora_mid|lora_magnitude_vector|dora_scale|lora_embedding)|\.(?:diff|diff_b|lora_B\.bias)$/;

type WeightsWithLoras = Weights & Required<Pick<Weights, 'loras'>>;

type Parts = Partial<Record<LoraTensorName['part'], TensorEntry>>;

/**
 * Adds LoRAs to the weights of a UNet. The weights stay as they are; each changed layer gets further layers whose results
 * are added to its own.
 * @throws LoraError that names the file, and the layer that the UNet does not have
 */
export async function attachLoras(unet: Weights, files: readonly LoraFile[]): Promise<WeightsWithLoras> {
  try {
    return await attach(unet, files);
  } catch (cause) {
    if (!(cause instanceof CheckpointError || cause instanceof SafetensorsError)) throw cause;
    throw new LoraError(cause.message, { cause });
  }
}

async function attach(unet: Weights, files: readonly LoraFile[]): Promise<WeightsWithLoras> {
  const entries = [...unet.tensors.values()];
  const layers = new Map<string, LoraLayer[]>();
  for (const [index, { file, strength }] of files.entries()) {
    const scaleOf = await readLoraScale(file);
    for (const [layer, parts] of await readLayers(file, unet)) {
      const { down, up } = matrices(file, layer, parts, unet);
      const rank = down.shape[0] ?? 1;
      const alpha = parts.alpha && (await createWeights(file, [parts.alpha]).read(parts.alpha.name))[0];
      const name = `lora_${index}`;
      entries.push({ ...down, name: `${layer}.${name}.down.weight` }, { ...up, name: `${layer}.${name}.up.weight` });
      const added = { name, rank, scale: strength * scaleOf(layer, rank, alpha) };
      layers.set(layer, [...(layers.get(layer) ?? []), added]);
    }
  }
  return { ...createWeights(unet.folder, entries), loras: layers };
}

/** The matrices of each layer of a file, by the name of the layer in the UNet. */
async function readLayers(file: string, unet: Weights): Promise<Map<string, Parts>> {
  const names = [...unet.tensors.keys()].flatMap((name) => /^(.+)\.weight$/.exec(name)?.[1] ?? []);
  const known = new Map(
    [...originalLayers(names), ...names.map((name) => [name, name] as const)].flatMap(([name, layer]) => [
      [name, layer] as const,
      [flatName(name), layer] as const,
    ]),
  );
  const layers = new Map<string, Parts>();
  const entries = await readHeader(file);
  refuseEightBit(entries);
  for (const entry of entries) {
    const parsed = parseLoraName(entry.name);
    if (!parsed || OTHER_METHODS.test(entry.name)) {
      const method = OTHER_METHODS.test(entry.name)
        ? 'uses another method than LoRA, such as LoHa or DoRA'
        : 'is no LoRA';
      throw new CheckpointError(`${file} ${method} (it has the tensor "${entry.name}"), which is not supported`);
    }
    const layer = known.get(parsed.layer);
    if (layer === undefined) {
      throw new CheckpointError(
        `${file}: this model has no layer "${parsed.layer}": the LoRA was trained for another model`,
      );
    }
    layers.set(layer, { ...layers.get(layer), [parsed.part]: entry });
  }
  return layers;
}

/** Checks both matrices of a layer, and gives them the number of dimensions of the layer's weight. */
function matrices(file: string, layer: string, { down, up }: Parts, unet: Weights) {
  if (!down || !up) throw new CheckpointError(`${file}: the layer "${layer}" has only one of its two matrices`);
  const [out = 0, input = 0, ...kernel] = unet.tensors.get(`${layer}.weight`)?.shape ?? [];
  const rank = down.shape[0] ?? 0;
  const fit = (entry: TensorEntry, shape: readonly number[]): TensorEntry => {
    const trimmed = entry.shape.filter((size, i) => i < 2 || size !== 1).join();
    if (trimmed === shape.filter((size, i) => i < 2 || size !== 1).join()) return { ...entry, shape };
    throw new CheckpointError(
      `${file}: "${entry.name}" has shape [${entry.shape.join(', ')}], but the layer of the model requires ` +
        `[${shape.join(', ')}]: the LoRA was trained for another model`,
    );
  };
  return { down: fit(down, [rank, input, ...kernel]), up: fit(up, [out, rank, ...kernel.map(() => 1)]) };
}
