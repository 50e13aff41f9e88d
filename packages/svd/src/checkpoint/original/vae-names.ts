import { createRename } from './rename.ts';
import type { Rename, Rule } from './rename.ts';
import { videoResnetName } from './video-resnet-names.ts';

const ATTENTION: Readonly<Record<string, string>> = {
  norm: 'group_norm',
  q: 'to_q',
  k: 'to_k',
  v: 'to_v',
  proj_out: 'to_out.0',
};

/** The layers of a residual block that have other names in diffusers. */
const RESNET_LAYERS: Readonly<Record<string, string>> = { nin_shortcut: 'conv_shortcut' };

/** The layers that encoder and decoder have alike. */
const COMMON: readonly Rule[] = [
  [/^(conv_in|conv_out)\.(\w+)$/, '$1.$2'],
  [/^norm_out\.(\w+)$/, 'conv_norm_out.$1'],
  [/^mid\.attn_1\.(\w+)\.(\w+)$/, (layer = '', leaf) => `mid_block.attentions.0.${ATTENTION[layer] ?? layer}.${leaf}`],
];

const renameEncoder = createRename([
  ...COMMON,
  [/^mid\.block_(\d)\.(.+)$/, (number, layer) => `mid_block.resnets.${Number(number) - 1}.${layer}`],
  [
    /^down\.(\d+)\.block\.(\d+)\.(\w+)\.(\w+)$/,
    (level, index, layer = '', leaf) =>
      `down_blocks.${level}.resnets.${index}.${RESNET_LAYERS[layer] ?? layer}.${leaf}`,
  ],
  [
    /^down\.(\d+)\.attn\.(\d+)\.(\w+)\.(\w+)$/,
    (level, index, layer = '', leaf) => `down_blocks.${level}.attentions.${index}.${ATTENTION[layer] ?? layer}.${leaf}`,
  ],
  [/^down\.(\d+)\.downsample\.conv\.(\w+)$/, 'down_blocks.$1.downsamplers.0.conv.$2'],
]);

const renameVideoResnet = createRename([
  [/^mix_factor$/, 'time_mixer.mix_factor'],
  [/^(time_stack\.)?([a-z_]+(?:\d|\.\d)?)\.(weight|bias)$/, videoResnetName(RESNET_LAYERS)],
]);

/** The original numbers the levels of the decoder from the finest one, diffusers from the coarsest one. */
const renameDecoder = (levels: number): Rename =>
  createRename([
    [/^conv_out\.time_mix_conv\.(\w+)$/, 'time_conv_out.$1'],
    ...COMMON,
    [
      /^mid\.block_(\d)\.(.+)$/,
      (number, layer = '') => `mid_block.resnets.${Number(number) - 1}.${renameVideoResnet(layer) ?? layer}`,
    ],
    [
      /^up\.(\d+)\.block\.(\d+)\.(.+)$/,
      (level, index, layer = '') =>
        `up_blocks.${levels - 1 - Number(level)}.resnets.${index}.${renameVideoResnet(layer) ?? layer}`,
    ],
    [
      /^up\.(\d+)\.upsample\.conv\.(\w+)$/,
      (level, leaf) => `up_blocks.${levels - 1 - Number(level)}.upsamplers.0.conv.${leaf}`,
    ],
  ]);

/**
 * Creates the map from the names of Stability AI's encoder and `VideoDecoder` (`encoder.…`, `decoder.…`, `quant_conv.…`) to
 * those of diffusers' `AutoencoderKLTemporalDecoder`.
 * @param levels the number of levels of the decoder
 */
export function vaeNames(levels: number): Rename {
  const decoder = renameDecoder(levels);
  return (name) => {
    const [, part, rest = ''] = /^(encoder|decoder|quant_conv)\.(.+)$/.exec(name) ?? [];
    if (part === 'quant_conv') return name;
    const renamed = part === 'encoder' ? renameEncoder(rest) : part === 'decoder' ? decoder(rest) : undefined;
    return renamed === undefined ? undefined : `${part}.${renamed}`;
  };
}
