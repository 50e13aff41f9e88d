import { readdir } from 'node:fs/promises';
import { SafetensorsError } from './safetensors-error.ts';

/** `fp16` and `bf16`: half-precision files (`.fp16.` or `.bf16.` in the name). `full`: full-precision files. */
export type Variant = 'fp16' | 'bf16' | 'full';

const VARIANTS: readonly Variant[] = ['fp16', 'bf16', 'full'];

/** The file to read first: a weights file, or the index that lists its shards. */
export interface WeightsFile {
  readonly name: string;
  readonly sharded: boolean;
}

/** The weights of a folder. */
export interface FoundWeights {
  readonly chosen: WeightsFile;
  /** Other whole weights in the folder. They must be the same model in another precision. */
  readonly others: readonly WeightsFile[];
}

/**
 * Finds the weights in a folder: files of the usual names, or else the only `.safetensors` file of any name.
 * @param stem the file name without variant and extension, such as `diffusion_pytorch_model`
 * @param variant the variant to use; without it fp16, bf16, full, whichever exists
 * @throws {@link SafetensorsError} when the folder or the weights do not exist, or several files could be meant
 */
export async function findWeights(folder: string, stem: string, variant?: Variant): Promise<FoundWeights> {
  const names = await readdir(folder).catch((cause: unknown) => {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    const reason =
      code === 'ENOENT' ? 'the folder does not exist' : code === 'ENOTDIR' ? 'this is not a folder' : String(cause);
    throw new SafetensorsError(folder, reason, { cause });
  });
  const candidates = (variant ? [variant] : VARIANTS).flatMap((each) => fileNames(stem, each));
  const [chosen, ...others] = candidates.filter(({ name }) => names.includes(name));
  const unusual = names.filter((name) => name.endsWith('.safetensors') && !isUsual(name, stem)).sort();
  if (chosen) return { chosen, others: [...others, ...unusual.map(asFile)] };
  if (!variant && unusual[0] !== undefined) {
    const [first, ...more] = unusual;
    if (more.length === 0) return { chosen: asFile(first), others: [] };
    throw new SafetensorsError(folder, `which weights? There are ${unusual.join(', ')}: keep one of them here`);
  }

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

const asFile = (name: string): WeightsFile => ({ name, sharded: false });

/** Whether a file has a usual name, or is a shard of such a file. */
const isUsual = (name: string, stem: string): boolean =>
  new RegExp(`^${stem}(\\.(fp16|bf16))?(-\\d+-of-\\d+)?(\\.(fp16|bf16))?\\.safetensors$`).test(name);

function fileNames(stem: string, variant: Variant): WeightsFile[] {
  if (variant === 'full') {
    return [
      { name: `${stem}.safetensors`, sharded: false },
      { name: `${stem}.safetensors.index.json`, sharded: true },
    ];
  }
  return [
    { name: `${stem}.${variant}.safetensors`, sharded: false },
    { name: `${stem}.safetensors.index.${variant}.json`, sharded: true }, // as diffusers names it
    { name: `${stem}.${variant}.safetensors.index.json`, sharded: true }, // as transformers and the hub name it
  ];
}
