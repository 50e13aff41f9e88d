import { open } from 'node:fs/promises';
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import { toFloat32 } from './dtype.ts';
import { findWeights } from './find-weights.ts';
import type { Variant } from './find-weights.ts';
import { quoteName } from './quote-name.ts';
import { readBytes, readHeader } from './read-header.ts';
import type { TensorEntry } from './read-header.ts';
import { readIndex } from './read-index.ts';
import { SafetensorsError } from './safetensors-error.ts';

export type { TensorEntry } from './read-header.ts';
export type { Dtype } from './dtype.ts';

/** One model's weights: where each tensor lies, in one file or over shards. */
export interface Weights {
  /** The real folder that holds every file, directly or further down. */
  readonly folder: string;
  /** Absolute real paths, all links followed. */
  readonly files: readonly string[];
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  /**
   * A tensor's elements in row-major order as float32; F32, F16, BF16 and F64 can be read.
   *
   * @throws {@link SafetensorsError} where there is no such tensor, or of another type, or the file has changed.
   */
  read(name: string): Promise<Float32Array>;
}

/** Which files to take. */
export interface OpenWeightsOptions {
  /**
   * Takes that variant or none. Without it: fp16 where there is one, else full. Both are computed in float32 on the
   * CPU and in fp16 on a GPU, so that the full files cost twice the disk and reading time for what half precision
   * keeps nearly all of; and they are what checkpoints publish for inference.
   */
  readonly variant?: Variant;
}

/**
 * Opens the weights called `stem` in a checkpoint's folder: one file, or an index and its shards. Headers are read and
 * checked, the weights themselves are not read.
 *
 * @param folder such as `checkpoint/unet`, a plain folder or one of links into the Hugging Face cache.
 * @param stem `diffusion_pytorch_model` for diffusers' parts, `model` for transformers'.
 * @throws {@link SafetensorsError} naming the file or folder and the reason.
 */
export async function openWeights(folder: string, stem: string, options: OpenWeightsOptions = {}): Promise<Weights> {
  const found = await findWeights(folder, stem, options.variant);
  const path = resolve(folder, found.name);
  const entries = found.sharded ? await readShards(path) : await readHeader(path);
  const tensors = new Map(entries.map((entry) => [entry.name, entry]));
  const files = [...new Set(entries.map(({ file }) => file))];
  if (files.length === 0) throw new SafetensorsError(path, 'no tensors');

  return {
    folder: commonFolder(files),
    files,
    tensors,
    async read(name) {
      const entry = tensors.get(name);
      if (!entry) throw new SafetensorsError(path, `no tensor ${quoteName(name)}`);
      return readTensor(entry);
    },
  };
}

async function readShards(index: string): Promise<TensorEntry[]> {
  const shardOf = await readIndex(index);
  const entries: TensorEntry[] = [];
  for (const shard of new Set(shardOf.values())) {
    for (const entry of await readHeader(shard)) {
      if (shardOf.get(entry.name) !== shard) {
        throw new SafetensorsError(shard, `holds ${quoteName(entry.name)}, which ${index} does not place there`);
      }
      entries.push(entry);
    }
  }
  const held = new Set(entries.map(({ name }) => name));
  for (const [name, shard] of shardOf) {
    if (!held.has(name)) throw new SafetensorsError(shard, `does not hold ${quoteName(name)}, though ${index} says so`);
  }
  return entries;
}

async function readTensor({ name, dtype, file, offset, length }: TensorEntry): Promise<Float32Array> {
  let bytes: Buffer<ArrayBuffer>;
  try {
    await using handle = await open(file);
    bytes = await readBytes(handle, offset, length);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SafetensorsError(file, `reading ${quoteName(name)}: ${reason}`, { cause });
  }
  const values = toFloat32(dtype, bytes);
  if (!values) throw new SafetensorsError(file, `${quoteName(name)} is ${dtype}, not a kind of float that can be read`);
  return values;
}

function commonFolder(files: readonly string[]): string {
  return files.map(dirname).reduce((folder, other) => {
    while (relative(folder, other).split(sep)[0] === '..') folder = dirname(folder);
    if (isAbsolute(relative(folder, other))) throw new SafetensorsError(other, `not on the same drive as ${folder}`);
    return folder;
  });
}
