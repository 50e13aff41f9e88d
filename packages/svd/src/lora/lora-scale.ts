import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { readMetadata } from '../safetensors/read-header.ts';

/** The part of PEFT's `LoraConfig` that determines the scale. */
const configSchema = z.object({
  lora_alpha: z.number().nullish(),
  alpha_pattern: z.record(z.string(), z.number()).nullish(),
  use_rslora: z.boolean().nullish(),
});

type LoraConfig = z.output<typeof configSchema>;

/** Returns the scale of a layer with this rank and, if the file has it, the factor `alpha`. */
export type LoraScale = (layer: string, rank: number, alpha: number | undefined) => number;

/**
 * Finds how the layers of a LoRA are scaled: by `alpha / rank`. `alpha` is a tensor of the layer, or stands in the metadata
 * that diffusers writes (`lora_adapter_metadata`), or in PEFT's `adapter_config.json` beside `adapter_model.safetensors`.
 * Without it, the scale is 1, as in diffusers. With `use_rslora` it is `alpha / √rank`.
 */
export async function readLoraScale(file: string): Promise<LoraScale> {
  const config = await readConfig(file);
  return (layer, rank, alpha) => {
    const pattern = Object.entries(config.alpha_pattern ?? {}).find(
      ([name]) => layer === name || layer.endsWith(`.${name}`),
    );
    const factor = alpha ?? pattern?.[1] ?? config.lora_alpha ?? null;
    if (factor === null) return 1;
    return factor / (config.use_rslora && alpha === undefined ? Math.sqrt(rank) : rank);
  };
}

async function readConfig(file: string): Promise<LoraConfig> {
  const written = (await readMetadata(file)).get('lora_adapter_metadata');
  if (written !== undefined) {
    const fields = Object.entries(parseObject(written)).flatMap(([name, value]): [string, unknown][] => {
      const [, own] = /^unet\.(.+)$/.exec(name) ?? [];
      return own === undefined ? [] : [[own, value]];
    });
    return configSchema.parse(Object.fromEntries(fields));
  }
  if (basename(file) !== 'adapter_model.safetensors') return {};
  const beside = await readFile(join(dirname(file), 'adapter_config.json'), 'utf8').catch(() => '{}');
  return configSchema.parse(parseObject(beside));
}

function parseObject(text: string): object {
  const value: unknown = JSON.parse(text);
  return typeof value === 'object' && value !== null ? value : {};
}
