import { open } from 'node:fs/promises';
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import { toFloat32 } from './dtype.ts';
import { findWeights } from './find-weights.ts';
import type { Variant, WeightsFile } from './find-weights.ts';
import { differingTensor } from './same-weights.ts';
import { quoteName } from './quote-name.ts';
import { readBytes, readHeader } from './read-header.ts';
import type { TensorEntry } from './read-header.ts';
import { readIndex } from './read-index.ts';
import { SafetensorsError } from './safetensors-error.ts';

export type { TensorEntry } from './read-header.ts';
export type { Dtype } from './dtype.ts';

/** The weights of one component of a model: the position of each tensor, in one file or in shards. */
export interface Weights {
  /** The nearest folder that contains all files, directly or in subfolders, with all links resolved. */
  readonly folder: string;
  /** Absolute paths, with all links resolved. */
  readonly files: readonly string[];
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  /** The LoRAs of each layer that has some, by the name of the layer. Their matrices are among the tensors. */
  readonly loras?: ReadonlyMap<string, readonly LoraLayer[]>;
  /** Creates the tensors that are not in {@link tensors}, for weights that are made up. */
  readonly create?: (name: string, shape: readonly number[]) => TensorEntry;
  /**
   * Reads a tensor of type F32, F16, BF16 or F64.
   *
   * @returns its elements as float32, in row-major order
   * @throws {@link SafetensorsError} when the tensor is missing or has another type, or when the file has changed
   */
  read(name: string): Promise<Float32Array>;
}

/** A LoRA of one layer: scale · up(down(x)) is added to the layer's result. */
export interface LoraLayer {
  /** The matrices are `NAME.down.weight` `[rank, in]` and `NAME.up.weight` `[out, rank]` below the layer. */
  readonly name: string;
  readonly rank: number;
  readonly scale: number;
}

/** Selects the files to read. */
export interface OpenWeightsOptions {
  /**
   * The variant to read. Default: fp16 if it exists, otherwise bf16, otherwise full. The computation uses float32 on a CPU and float16 on
   * a GPU in both cases; the full files take twice the disk space and reading time for hardly more precision.
   */
  readonly variant?: Variant;
}

/**
 * Opens the weights in a folder of a checkpoint: one file, or an index with its shards. It reads and checks the headers,
 * but not the tensors.
 *
 * @param folder such as `checkpoint/unet`; its files may be links into the Hugging Face cache
 * @param stem `diffusion_pytorch_model` for diffusers' components, `model` for transformers' components
 * @throws {@link SafetensorsError} that names the file or folder and the reason
 */
export async function openWeights(folder: string, stem: string, options: OpenWeightsOptions = {}): Promise<Weights> {
  const { chosen, others } = await findWeights(folder, stem, options.variant);
  const path = resolve(folder, chosen.name);
  const entries = await readEntries(folder, chosen);
  const own = new Set(entries.map(({ file }) => file));
  for (const other of others) {
    // A file that cannot be read, such as a Git LFS pointer, cannot be meant. One that belongs to the index is a shard.
    const found = await readEntries(folder, other).catch(() => []);
    if (found.length === 0 || found.every(({ file }) => own.has(file))) continue;
    const name = await differingTensor(entries, found);
    if (name === null) continue;
    throw new SafetensorsError(
      folder,
      `which weights? ${chosen.name} and ${other.name} are different models (they differ in ${quoteName(name)}): ` +
        'move one of them to another folder',
    );
  }
  return createWeights(path, entries);
}

/**
 * Creates the weights of a component from the positions of its tensors.
 * @param source the file or index that the tensors come from, for messages
 * @throws {@link SafetensorsError} when there are none
 */
export function createWeights(source: string, entries: readonly TensorEntry[]): Weights {
  const tensors = new Map(entries.map((entry) => [entry.name, entry]));
  const files = [...new Set(entries.map(({ file }) => file))];
  if (files.length === 0) throw new SafetensorsError(source, 'the file has no tensors');
  return {
    folder: commonFolder(files),
    files,
    tensors,
    async read(name) {
      const entry = tensors.get(name);
      if (!entry) throw new SafetensorsError(source, `there is no tensor ${quoteName(name)}`);
      return readTensor(entry);
    },
  };
}

const readEntries = (folder: string, { name, sharded }: WeightsFile): Promise<TensorEntry[]> => {
  const path = resolve(folder, name);
  return sharded ? readShards(path) : readHeader(path);
};

async function readShards(index: string): Promise<TensorEntry[]> {
  const shardOf = await readIndex(index);
  const entries: TensorEntry[] = [];
  for (const shard of new Set(shardOf.values())) {
    for (const entry of await readHeader(shard)) {
      if (shardOf.get(entry.name) !== shard) {
        throw new SafetensorsError(
          shard,
          `the tensor ${quoteName(entry.name)} is not listed for this shard in ${index}`,
        );
      }
      entries.push(entry);
    }
  }
  const found = new Set(entries.map(({ name }) => name));
  for (const [name, shard] of shardOf) {
    if (!found.has(name))
      throw new SafetensorsError(
        shard,
        `the tensor ${quoteName(name)} is missing, but ${index} lists it for this shard`,
      );
  }
  return entries;
}

async function readTensor({
  name,
  dtype,
  shape,
  file,
  offset,
  length,
  transposed,
}: TensorEntry): Promise<Float32Array> {
  let bytes: Buffer<ArrayBuffer>;
  try {
    await using handle = await open(file);
    bytes = await readBytes(handle, offset, length);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SafetensorsError(file, `cannot read ${quoteName(name)}: ${reason}`, { cause });
  }
  const values = toFloat32(dtype, bytes);
  if (!values) throw new SafetensorsError(file, `${quoteName(name)} is ${dtype}, not a supported float type`);
  return transposed ? transpose(values, shape) : values;
}

/** @param shape that of the result, a matrix */
function transpose(values: Float32Array, [rows = 1, columns = 1]: readonly number[]): Float32Array {
  return values.map((_, i) => values[(i % columns) * rows + Math.floor(i / columns)] ?? 0);
}

function commonFolder(files: readonly string[]): string {
  return files.map(dirname).reduce((folder, other) => {
    while (relative(folder, other).split(sep)[0] === '..') folder = dirname(folder);
    if (isAbsolute(relative(folder, other))) throw new SafetensorsError(other, `is not on the same drive as ${folder}`);
    return folder;
  });
}
