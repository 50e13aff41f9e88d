import { unetNames } from '../checkpoint/original/unet-names.ts';

/** The layers of a residual block in the original layout. */
const RESNET = ['in_layers.0', 'in_layers.2', 'emb_layers.1', 'out_layers.0', 'out_layers.3', 'skip_connection'];
const RESNET_LAYERS = [...RESNET, ...RESNET.map((layer) => `time_stack.${layer}`), 'op', 'conv'];
const OUTER_LAYERS = [
  ...['time_embed.0', 'time_embed.2', 'label_emb.0.0', 'label_emb.0.2'],
  ...['input_blocks.0.0', 'out.0', 'out.2'],
];

/**
 * Finds what the layers of a UNet are called in the layout of Stability AI's own code, such as
 * `input_blocks.1.1.transformer_blocks.0.attn1.to_q`.
 * @param layers the names in diffusers
 * @returns the names in diffusers by the original ones
 */
export function originalLayers(layers: Iterable<string>): Map<string, string> {
  const own = new Set(layers);
  const places = placesOf(own);
  const rename = unetNames(places.names);
  const inner = [...RESNET_LAYERS, ...transformerLayers(own)];
  const candidates = [...OUTER_LAYERS, ...places.parts.flatMap((part) => inner.map((layer) => `${part}.${layer}`))];
  const found = new Map<string, string>();
  for (const original of candidates) {
    // The rules of the original layout are those for tensors.
    const layer = rename(`${original}.weight`)?.replace(/\.weight$/, '');
    if (layer !== undefined && own.has(layer)) found.set(original, layer);
  }
  return found;
}

/** The numbered places of the original layout, and the names by which its rules recognise their order. */
function placesOf(own: ReadonlySet<string>) {
  const names = new Set<string>();
  const parts = ['middle_block.0', 'middle_block.1', 'middle_block.2'];
  const add = (place: string, layer: string) => {
    names.add(`${place}.0.${layer}.weight`);
    parts.push(`${place}.0`, `${place}.1`);
  };
  const resnets = (block: string) => {
    let count = 0;
    while (own.has(`${block}.resnets.${count}.spatial_res_block.conv1`)) count++;
    return count;
  };
  let input = 1;
  for (let block = 0; resnets(`down_blocks.${block}`) > 0; block++) {
    for (let i = resnets(`down_blocks.${block}`); i > 0; i--) add(`input_blocks.${input++}`, 'in_layers.0');
    if (own.has(`down_blocks.${block}.downsamplers.0.conv`)) add(`input_blocks.${input++}`, 'op');
  }
  let output = 0;
  for (let block = 0; resnets(`up_blocks.${block}`) > 0; block++) {
    for (let i = resnets(`up_blocks.${block}`); i > 0; i--) add(`output_blocks.${output++}`, 'in_layers.0');
    // The upsampler follows the last layer of its block, after the transformer if there is one.
    if (own.has(`up_blocks.${block}.upsamplers.0.conv`)) {
      const part = own.has(`up_blocks.${block}.attentions.0.proj_in`) ? 2 : 1;
      names.add(`output_blocks.${output - 1}.${part}.conv.weight`);
      if (part === 2) parts.push(`output_blocks.${output - 1}.2`);
    }
  }
  return { names, parts };
}

/** The layers within a transformer, under their original names. */
function transformerLayers(own: ReadonlySet<string>): Set<string> {
  const layers = [...own].flatMap((name) => /\.attentions\.\d+\.(.+)$/.exec(name)?.[1] ?? []);
  return new Set(
    layers.map((layer) =>
      layer
        .replace(/^temporal_transformer_blocks\./, 'time_stack.')
        .replace(/^time_pos_embed\.linear_([12])$/, (_, number) => `time_pos_embed.${number === '1' ? 0 : 2}`),
    ),
  );
}
