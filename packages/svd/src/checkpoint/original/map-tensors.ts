import type { TensorEntry } from '../../safetensors/weights.ts';
import { IN_PROJ, TRANSPOSED, clipNames, inProjParts } from './clip-names.ts';
import { unetNames } from './unet-names.ts';
import { vaeNames } from './vae-names.ts';

/** The tensors of the three components under the names of diffusers and transformers. All bytes stay where they are. */
export interface MappedTensors {
  readonly unet: readonly TensorEntry[];
  readonly vae: readonly TensorEntry[];
  readonly imageEncoder: readonly TensorEntry[];
  /** Names in the file that belong to no component, or are unknown. */
  readonly left: readonly string[];
}

const UNET = 'model.diffusion_model.';
const FIRST_STAGE = 'first_stage_model.';
const CLIP = /^conditioner\.embedders\.\d+\.open_clip\.model\.visual\./;
/** The autoencoder that encodes the photo. The file has it twice: the one of the first stage is for training. */
const PHOTO_ENCODER = /^conditioner\.embedders\.\d+\.encoder\.(?=(?:encoder|quant_conv)\.)/;

/**
 * Finds the components of a checkpoint in the layout of Stability AI's own code.
 *
 * - `model.diffusion_model.…` is the UNet.
 * - The photo is encoded by `conditioner.embedders.N.encoder.…`, as there. A file without it has the encoder of
 *   `first_stage_model.…`. The decoder is always that of `first_stage_model.…`.
 * - `conditioner.embedders.N.open_clip.model.visual.…` is the image encoder. Its fused projections are three ranges of bytes.
 */
export function mapTensors(entries: readonly TensorEntry[]): MappedTensors {
  const under = (prefix: string) => entries.filter(({ name }) => name.startsWith(prefix));
  const unetTensors = under(UNET);
  const unet = unetNames(new Set(unetTensors.map(({ name }) => name.slice(UNET.length))));
  const hasPhotoEncoder = entries.some(({ name }) => PHOTO_ENCODER.test(name));
  const vae = vaeNames(levelsOfDecoder(entries));

  const mapped = { unet: [] as TensorEntry[], vae: [] as TensorEntry[], imageEncoder: [] as TensorEntry[] };
  const left: string[] = [];
  const put = (part: keyof typeof mapped, entry: TensorEntry, name: string | undefined) => {
    if (name === undefined) left.push(entry.name);
    else mapped[part].push({ ...entry, name });
  };
  for (const entry of entries) {
    const { name } = entry;
    if (name.startsWith(UNET)) put('unet', withoutKernel(entry), unet(name.slice(UNET.length)));
    else if (PHOTO_ENCODER.test(name)) put('vae', withoutKernel(entry), vae(name.replace(PHOTO_ENCODER, '')));
    else if (name.startsWith(FIRST_STAGE)) {
      const own = name.slice(FIRST_STAGE.length);
      const isUsed = own.startsWith('decoder.') || !hasPhotoEncoder;
      put('vae', withoutKernel(entry), isUsed ? vae(own) : undefined);
    } else if (CLIP.test(name)) {
      const own = name.replace(CLIP, '');
      const [, block, leaf] = IN_PROJ.exec(own) ?? [];
      if (block !== undefined && leaf !== undefined)
        mapped.imageEncoder.push(...thirds(entry, inProjParts(block, leaf)));
      else put('imageEncoder', own === TRANSPOSED ? transposed(entry) : entry, clipNames(own));
    } else left.push(name);
  }
  return { ...mapped, left };
}

function levelsOfDecoder(entries: readonly TensorEntry[]): number {
  const levels = entries.map(({ name }) => /^first_stage_model\.decoder\.up\.(\d+)\./.exec(name)?.[1]);
  return Math.max(0, ...levels.map((level) => (level === undefined ? 0 : Number(level) + 1)));
}

/** The attention of the original layout has convolutions of 1×1 where diffusers has linear layers: the same numbers. */
function withoutKernel(entry: TensorEntry): TensorEntry {
  const [out, input, ...kernel] = entry.shape;
  const isLinear = /\.(q|k|v|proj_in|proj_out)\.weight$/.test(entry.name) && kernel.length > 0;
  if (!isLinear || out === undefined || input === undefined || kernel.some((size) => size !== 1)) return entry;
  return { ...entry, shape: [out, input] };
}

/** Cuts a tensor into three parts by rows. */
function thirds(entry: TensorEntry, names: readonly string[]): TensorEntry[] {
  const [rows = 0, ...rest] = entry.shape;
  const length = entry.length / names.length;
  return names.map((name, i) => ({
    ...entry,
    name,
    shape: [rows / names.length, ...rest],
    offset: entry.offset + i * length,
    length,
  }));
}

const transposed = (entry: TensorEntry): TensorEntry => ({
  ...entry,
  shape: entry.shape.toReversed(),
  transposed: true,
});
