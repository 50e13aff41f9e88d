import { readdir } from 'node:fs/promises';
import { SafetensorsError } from './safetensors-error.ts';

/** `fp16`: half-precision files (`.fp16.` in the name). `full`: full-precision files. */
export type Variant = 'fp16' | 'full';

/** The file to read first: the only weights file of a folder, or the index that lists its shards. */
export interface WeightsFile {
  readonly name: string;
  readonly sharded: boolean;
}

/**
 * Finds the weights in a folder.
 * @param stem the file name without variant and extension, such as `diffusion_pytorch_model`
 * @param variant the variant to use; without it, fp16 if it exists, otherwise full
 * @throws {@link SafetensorsError} when the folder or the weights do not exist
 */
export async function findWeights(folder: string, stem: string, variant?: Variant): Promise<WeightsFile> {
  const names = await readdir(folder).catch((cause: unknown) => {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    const reason =
      code === 'ENOENT' ? 'the folder does not exist' : code === 'ENOTDIR' ? 'this is not a folder' : String(cause);
    throw new SafetensorsError(folder, reason, { cause });
  });
  const candidates = variant ? fileNames(stem, variant) : [...fileNames(stem, 'fp16'), ...fileNames(stem, 'full')];
  const found = candidates.find(({ name }) => names.includes(name));
  if (found) return found;

  const pickled = names.find((name) => /\.(bin|pt|pth|ckpt)$/.test(name));
  const wanted = candidates.filter(({ sharded }) => !sharded).map(({ name }) => name);
  throw new SafetensorsError(
    folder,
    pickled
      ? `the folder has only pickled weights (${pickled}), but safetensors are required: download ` +
          `${wanted.join(' or ')} of the same model, or convert it with diffusers: ` +
          'save_pretrained(folder, safe_serialization=True)'
      : `the weights are missing: expected ${wanted.join(' or ')}, or an index of shards`,
  );
}

function fileNames(stem: string, variant: Variant): WeightsFile[] {
  if (variant === 'full') {
    return [
      { name: `${stem}.safetensors`, sharded: false },
      { name: `${stem}.safetensors.index.json`, sharded: true },
    ];
  }
  return [
    { name: `${stem}.fp16.safetensors`, sharded: false },
    { name: `${stem}.safetensors.index.fp16.json`, sharded: true }, // as diffusers names it
    { name: `${stem}.fp16.safetensors.index.json`, sharded: true }, // as transformers and the hub name it
  ];
}
