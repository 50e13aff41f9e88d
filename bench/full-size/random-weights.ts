/// <reference lib="esnext.float16" />
import { createCipheriv, createHash } from 'node:crypto';
import type { TensorSpec } from '@cinematica/svd/internal';
import { repeatBlock } from './repeat-block.ts';

/** Length of the repeated block: a prime, so that the rows of a tensor do not repeat. */
const BLOCK = 1_048_583;

/**
 * Creates seeded random fp16 weights with activations near 1 at any depth: layers are scaled by 1/√fan-in, norms are near 1,
 * biases near 0. One block of normal numbers is repeated; the name of a tensor determines the start.
 */
export function createRandomWeights(seed: number): (tensor: TensorSpec) => Iterable<Uint8Array> {
  const normals = normalNumbers(seed);
  const blocks = new Map<string, Uint8Array>();

  function blockOf(mean: number, deviation: number): Uint8Array {
    const key = `${mean} ${deviation}`;
    let block = blocks.get(key);
    if (!block) {
      const halves = Float16Array.from(normals, (z) => mean + deviation * z);
      block = new Uint8Array(halves.buffer);
      blocks.set(key, block);
    }
    return block;
  }

  return function* bytesOf({ name, shape }) {
    const { mean, deviation } = distribution(name, shape);
    const block = blockOf(mean, deviation);
    const at = 2 * (createHash('sha256').update(`${seed} ${name}`).digest().readUInt32LE() % BLOCK);
    yield* repeatBlock(block, at, 2 * shape.reduce((a, b) => a * b, 1));
  };
}

function distribution(name: string, shape: readonly number[]): { mean: number; deviation: number } {
  if (name.endsWith('.mix_factor')) return { mean: 0, deviation: 0.5 };
  if (name.endsWith('.bias') || name.endsWith('_embedding')) return { mean: 0, deviation: 0.02 };
  if (shape.length === 1) return { mean: 1, deviation: 0.1 };
  return { mean: 0, deviation: 1 / Math.sqrt(shape.slice(1).reduce((a, b) => a * b, 1)) };
}

/** Normal numbers by the Box–Muller transform from AES in counter mode, which is fast and reproducible. */
function normalNumbers(seed: number): Float64Array {
  const key = createHash('sha256').update(`random weights ${seed}`).digest();
  const bytes = createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(8 * BLOCK));
  return Float64Array.from({ length: BLOCK }, (_, i) => {
    const radius = Math.sqrt(-2 * Math.log((bytes.readUInt32LE(8 * i) + 1) / 2 ** 32));
    return radius * Math.cos((2 * Math.PI * bytes.readUInt32LE(8 * i + 4)) / 2 ** 32);
  });
}
