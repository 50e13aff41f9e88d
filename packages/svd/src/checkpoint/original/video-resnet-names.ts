/** The layers of a residual block that the UNet and the decoder name alike: the original names and diffusers' names. */
const LAYERS: Readonly<Record<string, string>> = {
  'in_layers.0': 'norm1',
  'in_layers.2': 'conv1',
  'out_layers.0': 'norm2',
  'out_layers.3': 'conv2',
};

/**
 * Creates the new name of a layer of a residual block from the groups of a pattern: `time_stack.` (the temporal half of the
 * block) or nothing, the layer, and `weight` or `bias`.
 * @param own the names of layers that only the UNet or only the decoder has
 */
export const videoResnetName =
  (own: Readonly<Record<string, string>>) =>
  (stack?: string, layer = '', leaf?: string): string =>
    `${stack ? 'temporal_res_block' : 'spatial_res_block'}.${LAYERS[layer] ?? own[layer] ?? layer}.${leaf}`;
