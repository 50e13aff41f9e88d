import { createRename } from './rename.ts';
import type { Rename } from './rename.ts';
import { videoResnetName } from './video-resnet-names.ts';

const renameResnet = createRename([
  [/^(time_mixer\.mix_factor)$/, '$1'],
  [
    /^(time_stack\.)?([a-z_]+(?:\.\d)?)\.(weight|bias)$/,
    videoResnetName({ 'emb_layers.1': 'time_emb_proj', skip_connection: 'conv_shortcut' }),
  ],
]);

const renameTransformer = createRename([
  [/^time_stack\.(.+)$/, 'temporal_transformer_blocks.$1'],
  [/^time_pos_embed\.([02])\.(\w+)$/, (index, leaf) => `time_pos_embed.linear_${index === '0' ? 1 : 2}.${leaf}`],
  [/^(.+)$/, '$1'],
]);

const renameOuter = createRename([
  [/^time_embed\.([02])\.(\w+)$/, (index, leaf) => `time_embedding.linear_${index === '0' ? 1 : 2}.${leaf}`],
  [/^label_emb\.0\.([02])\.(\w+)$/, (index, leaf) => `add_embedding.linear_${index === '0' ? 1 : 2}.${leaf}`],
  [/^input_blocks\.0\.0\.(\w+)$/, 'conv_in.$1'],
  [/^out\.0\.(\w+)$/, 'conv_norm_out.$1'],
  [/^out\.2\.(\w+)$/, 'conv_out.$1'],
]);

/** Where the layers of an original block are in diffusers: `down_blocks.1.resnets.0`, for example. */
interface Place {
  /** For example `down_blocks.1` or `mid_block`. */
  readonly block: string;
  readonly layer: number;
}

/**
 * Creates the map from the names of Stability AI's `VideoUNet`, without the prefix, to those of diffusers'
 * `UNetSpatioTemporalConditionModel`. The original numbers all layers of the down path in one list (`input_blocks`), and
 * those of the up path in another one (`output_blocks`). A downsampler ends a block of the down path, and an upsampler one of
 * the up path.
 * @param names all names of the UNet
 */
export function unetNames(names: ReadonlySet<string>): Rename {
  const inputs = inputPlaces(names);
  const outputs = outputPlaces(names);
  return (name) => {
    const [, path, number, part, rest = ''] = /^(input_blocks|output_blocks)\.(\d+)\.(\d)\.(.+)$/.exec(name) ?? [];
    const place = path && number !== '0' && path === 'input_blocks' ? inputs[Number(number)] : undefined;
    const found = place ?? (path === 'output_blocks' ? outputs[Number(number)] : undefined);
    if (found) return renameInBlock(found, part === '0', rest);
    const [, index, inMiddle = ''] = /^middle_block\.([012])\.(.+)$/.exec(name) ?? [];
    if (index === '1') return below('mid_block.attentions.0', renameTransformer(inMiddle));
    if (index !== undefined) return below(`mid_block.resnets.${index === '0' ? 0 : 1}`, renameResnet(inMiddle));
    return renameOuter(name);
  };
}

function renameInBlock({ block, layer }: Place, isFirst: boolean, rest: string): string | undefined {
  const sampling = /^(op|conv)\.(\w+)$/.exec(rest);
  if (sampling) return `${block}.${sampling[1] === 'op' ? 'downsamplers' : 'upsamplers'}.0.conv.${sampling[2]}`;
  return isFirst
    ? below(`${block}.resnets.${layer}`, renameResnet(rest))
    : below(`${block}.attentions.${layer}`, renameTransformer(rest));
}

const below = (parent: string, name: string | undefined) => (name === undefined ? undefined : `${parent}.${name}`);

/** The place of each entry of `input_blocks`; entry 0 is `conv_in`. */
function inputPlaces(names: ReadonlySet<string>): Place[] {
  const places: Place[] = [];
  let [block, layer] = [0, 0];
  for (let i = 1; hasLayer(names, `input_blocks.${i}.0`, 'op'); i++) {
    places[i] = { block: `down_blocks.${block}`, layer };
    if (names.has(`input_blocks.${i}.0.op.weight`)) [block, layer] = [block + 1, 0];
    else layer++;
  }
  return places;
}

/** The place of each entry of `output_blocks`. */
function outputPlaces(names: ReadonlySet<string>): Place[] {
  const places: Place[] = [];
  let [block, layer] = [0, 0];
  for (let i = 0; hasLayer(names, `output_blocks.${i}.0`, 'conv'); i++) {
    places[i] = { block: `up_blocks.${block}`, layer };
    const isLast = [1, 2].some((part) => names.has(`output_blocks.${i}.${part}.conv.weight`));
    [block, layer] = isLast ? [block + 1, 0] : [block, layer + 1];
  }
  return places;
}

const hasLayer = (names: ReadonlySet<string>, path: string, sampling: string): boolean =>
  names.has(`${path}.in_layers.0.weight`) || names.has(`${path}.${sampling}.weight`);
