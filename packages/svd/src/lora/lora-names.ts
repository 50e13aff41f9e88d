/** What a tensor of a LoRA file is: a matrix of a layer, or the factor of a layer. */
export interface LoraTensorName {
  /** The layer's name in the UNet, such as `down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q`, or its flat form. */
  readonly layer: string;
  readonly part: 'down' | 'up' | 'alpha';
}

/** How the matrices are called: by PEFT, by diffusers before it, and by kohya's scripts. */
const PARTS: readonly (readonly [RegExp, LoraTensorName['part']])[] = [
  [/\.lora_A(?:\.[\w-]+)?\.weight$/, 'down'],
  [/\.lora_B(?:\.[\w-]+)?\.weight$/, 'up'],
  [/(?:\.lora|_lora)\.down\.weight$/, 'down'],
  [/(?:\.lora|_lora)\.up\.weight$/, 'up'],
  [/\.lora_down\.weight$/, 'down'],
  [/\.lora_up\.weight$/, 'up'],
  [/\.alpha$/, 'alpha'],
];

/** What stands before the name of a layer. */
const PREFIX = /^(?:unet\.|base_model\.model\.|(?:model\.)?diffusion_model\.|transformer\.)+|^lora_unet_/;

/**
 * Parses the name of a tensor in a LoRA file, as written by PEFT (`….lora_A.weight`), by diffusers (`….lora.down.weight`, or
 * `….processor.to_q_lora.down.weight`) and by kohya's scripts (`lora_unet_…_to_q.lora_down.weight`, with `_` for each dot).
 * @returns null for another name
 */
export function parseLoraName(name: string): LoraTensorName | null {
  for (const [pattern, part] of PARTS) {
    if (!pattern.test(name)) continue;
    const layer = name
      .replace(pattern, '')
      .replace(PREFIX, '')
      .replace(/\.processor\./, '.')
      .replace(/\.to_out$/, '.to_out.0');
    return { layer, part };
  }
  return null;
}

/** The name of a layer as kohya's scripts write it. */
export const flatName = (layer: string): string => layer.replaceAll('.', '_');
