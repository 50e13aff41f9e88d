import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { elements } from '../onnx/graph-builder.ts';
import type { TensorEntry, Weights } from '../safetensors/weights.ts';

/** Weights that are made up from a counter. */
export interface CounterWeights {
  readonly weights: Weights;
  /** Writes the bytes of the tensors that graphs have asked for. */
  readonly write: () => Promise<void>;
}

/** What the tensors of a file are made of: `offset + scale · u`, where u is uniform in −1…1. */
interface Distribution {
  readonly offset: number;
  readonly scale: number;
}

/** Tensors begin at one of so many places of their file, so that two of one shape differ. */
const STARTS = 4096;

const BYTES = Float32Array.BYTES_PER_ELEMENT;

/**
 * Makes up each tensor that a graph asks for. All tensors of one distribution are parts of the same file, which takes a few megabytes.
 * The values are exact in float16, and sized so that no layer lets its input vanish or explode.
 * @param folder of the files
 */
export function createCounterWeights(folder: string): CounterWeights {
  const lengths = new Map<string, number>();
  const distributions = new Map<string, Distribution>();

  function create(name: string, shape: readonly number[]): TensorEntry {
    const distribution = distributionOf(name, shape);
    const file = `${distribution.offset} ${distribution.scale}.f32`;
    const start = startOf(name);
    const count = elements(shape);
    lengths.set(file, Math.max(lengths.get(file) ?? 0, start + count));
    distributions.set(file, distribution);
    return { name, dtype: 'F32', shape, file: join(folder, file), offset: start * BYTES, length: count * BYTES };
  }

  return {
    weights: {
      folder,
      files: [],
      tensors: new Map(),
      create,
      read: () => Promise.reject(new Error('made-up weights are not read')),
    },
    async write() {
      for (const [file, length] of lengths) await writeFile(join(folder, file), fill(length, distributions.get(file)!));
    },
  };
}

function distributionOf(name: string, shape: readonly number[]): Distribution {
  // The weight of a norm, and a scalar that blends.
  if (shape.length === 1) return name.endsWith('.weight') ? { offset: 1, scale: 0.25 } : { offset: 0, scale: 0.25 };
  // A sum of n products with factors of the standard deviation 1 / √n has that of its inputs.
  const inputs = elements(shape.slice(1));
  return { offset: 0, scale: 2 ** (1 - Math.round(Math.log2(inputs) / 2)) };
}

/** FNV-1a of the name. */
function startOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % STARTS;
}

function fill(length: number, { offset, scale }: Distribution): Float32Array {
  return counterValues(length, 1).map((value) => offset + scale * value);
}

/**
 * Numbers from a counter, uniform in −1…1, each with nine bits.
 * @param seed another one gives other numbers
 */
export function counterValues(length: number, seed: number): Float32Array {
  const values = new Float32Array(length);
  let state = Math.imul(seed, 0x9e3779b9);
  for (let i = 0; i < length; i++) {
    // A multiplicative hash of the counter: its high bits are well mixed.
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x297a2d39) | 0;
    values[i] = (((state >>> 22) - 512) * 2 + 1) / 1024;
  }
  return values;
}
