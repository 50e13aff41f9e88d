import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { CheckpointError } from '../checkpoint/checkpoint-error.ts';
import { isMissing, parseConfig, readConfig } from '../checkpoint/read-config.ts';
import { readMetadata } from '../safetensors/read-header.ts';

/** The part of PEFT's `LoraConfig` that determines the scale. */
const configSchema = z.object({
  lora_alpha: z.number().nullish(),
  alpha_pattern: z.record(z.string(), z.number()).nullish(),
  use_rslora: z.boolean().nullish(),
});

/** What stands before the names of the UNet's fields in the metadata that diffusers writes. */
const OWN = 'unet.';

type LoraConfig = z.output<typeof configSchema>;

/** Returns the scale of a layer with this rank and, if the file has it, the factor `alpha`. */
export type LoraScale = (layer: string, rank: number, alpha: number | undefined) => number;

/**
 * Finds how the layers of a LoRA are scaled: by `alpha / rank`. `alpha` is a tensor of the layer, or stands in the metadata
 * that diffusers writes (`lora_adapter_metadata`), or in PEFT's `adapter_config.json` beside `adapter_model.safetensors`.
 * Without `alpha`, the scale is 1, as in diffusers. With `use_rslora` it is `alpha / √rank`.
 * @throws CheckpointError that names the file and the field
 */
export async function readLoraScale(file: string): Promise<LoraScale> {
  const config = await readLoraConfig(file);
  const patterns = Object.entries(config.alpha_pattern ?? {});
  refuseExpressions(
    file,
    patterns.map(([name]) => name),
  );
  return (layer, rank, alpha) => {
    const pattern = patterns.find(([name]) => layer === name || layer.endsWith(`.${name}`));
    const factor = alpha ?? pattern?.[1] ?? config.lora_alpha ?? null;
    if (factor === null) return 1;
    return factor / (config.use_rslora && alpha === undefined ? Math.sqrt(rank) : rank);
  };
}

async function readLoraConfig(file: string): Promise<LoraConfig> {
  const written = (await readMetadata(file)).get('lora_adapter_metadata');
  if (written !== undefined) {
    const name = `${file}: lora_adapter_metadata`;
    const fields = Object.entries(parseConfig(name, written, z.record(z.string(), z.unknown()))).flatMap(
      ([field, value]) => (field.startsWith(OWN) ? [[field.slice(OWN.length), value] as const] : []),
    );
    return parseConfig(name, JSON.stringify(Object.fromEntries(fields)), configSchema);
  }
  if (basename(file) !== 'adapter_model.safetensors') return {};
  return readConfig(join(dirname(file), 'adapter_config.json'), configSchema).catch((error: unknown) => {
    if (isMissing(error)) return {};
    throw error;
  });
}

/**
 * Refuses patterns that are not names. PEFT takes them as regular expressions, and Python's are not those of JavaScript.
 */
function refuseExpressions(file: string, patterns: readonly string[]): void {
  const found = patterns.find((pattern) => !/^[\w.]+$/.test(pattern));
  if (found === undefined) return;
  throw new CheckpointError(
    `${file}: alpha_pattern: "${found}" is a regular expression, which is not supported: write the names of the layers`,
  );
}
