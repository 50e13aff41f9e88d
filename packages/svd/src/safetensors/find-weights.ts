import { readdir } from 'node:fs/promises';
import { SafetensorsError } from './safetensors-error.ts';

/** Half-precision files (`.fp16.`) or the full-precision ones. */
export type Variant = 'fp16' | 'full';

/** What a folder's weights begin with: the name of the one file, or of the index that lists the shards. */
export interface Found {
  readonly name: string;
  readonly sharded: boolean;
}

/**
 * The weights called `stem` in `folder`, of `variant`, or without one of whichever is there, fp16 first.
 *
 * @throws {@link SafetensorsError} where there is no such folder or no such weights.
 */
export async function findWeights(folder: string, stem: string, variant?: Variant): Promise<Found> {
  const names = await readdir(folder).catch((cause: unknown) => {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    const reason = code === 'ENOENT' ? 'there is no such folder' : code === 'ENOTDIR' ? 'not a folder' : String(cause);
    throw new SafetensorsError(folder, reason, { cause });
  });
  const candidates = variant ? spellings(stem, variant) : [...spellings(stem, 'fp16'), ...spellings(stem, 'full')];
  const found = candidates.find(({ name }) => names.includes(name));
  if (found) return found;

  const pickled = names.find((name) => /\.(bin|pt|pth|ckpt)$/.test(name));
  const wanted = candidates.filter(({ sharded }) => !sharded).map(({ name }) => name);
  throw new SafetensorsError(
    folder,
    pickled
      ? `only pickled weights (${pickled}); safetensors are needed: download ${wanted.join(' or ')} of the same model, ` +
          'or have diffusers write it with save_pretrained(folder, safe_serialization=True)'
      : `no weights: ${wanted.join(' or ')} is missing, and there is no index of shards`,
  );
}

function spellings(stem: string, variant: Variant): Found[] {
  if (variant === 'full') {
    return [
      { name: `${stem}.safetensors`, sharded: false },
      { name: `${stem}.safetensors.index.json`, sharded: true },
    ];
  }
  return [
    { name: `${stem}.fp16.safetensors`, sharded: false },
    { name: `${stem}.safetensors.index.fp16.json`, sharded: true }, // diffusers' spelling
    { name: `${stem}.fp16.safetensors.index.json`, sharded: true }, // transformers' and the hub's
  ];
}
