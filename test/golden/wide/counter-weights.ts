/// <reference lib="esnext.float16" />
import { fnv1a, philox4x32 } from '@cinematica/svd/internal';
import type { TensorSpec } from '@cinematica/svd/internal';
import { repeatBlock } from '../../../bench/full-size/repeat-block.ts';

/** Length of the repeated block: a prime, so that the rows of a tensor do not repeat. */
const BLOCK = 1_048_583;

/**
 * Weights from a counter. `test/golden/make/counter_weights.py` makes the same ones, and has the formula.
 * @returns the bytes of a tensor in fp16
 */
export function createCounterWeights(): (part: string, tensor: TensorSpec) => Iterable<Uint8Array> {
  const uniform = uniformNumbers();
  const blocks = new Map<string, Uint8Array>();

  function blockOf(mean: number, deviation: number): Uint8Array {
    const key = `${mean} ${deviation}`;
    const block = blocks.get(key) ?? new Uint8Array(Float16Array.from(uniform, (z) => mean + deviation * z).buffer);
    blocks.set(key, block);
    return block;
  }

  return function* bytesOf(part, { name, shape }) {
    const { mean, deviation } = distribution(name, shape);
    const block = blockOf(mean, deviation);
    const at = 2 * (fnv1a(`${part} ${name}`) % BLOCK);
    yield* repeatBlock(block, at, 2 * shape.reduce((a, b) => a * b, 1));
  };
}

function distribution(name: string, shape: readonly number[]): { mean: number; deviation: number } {
  if (name.endsWith('mix_factor')) return { mean: 0, deviation: 1 };
  if (name.endsWith('bias')) return { mean: 0, deviation: 0.1 };
  if (name.includes('norm') || name.includes('layrnorm')) return { mean: 1, deviation: 0.2 };
  if (name.includes('embedding') && shape.length < 3) return { mean: 0, deviation: 0.5 };
  return { mean: 0, deviation: 1 / Math.sqrt(shape.slice(1).reduce((a, b) => a * b, 1)) };
}

/** Uniform numbers with unit variance. */
function uniformNumbers(): Float64Array {
  const numbers = new Float64Array(BLOCK);
  const words = new Uint32Array(4);
  for (let i = 0; i < BLOCK; i++) {
    if (i % 4 === 0) {
      words.set([i / 4, 0, 0, 0]);
      philox4x32(words, 0, 0);
    }
    numbers[i] = ((words[i % 4]! + 0.5) / 2 ** 32 - 0.5) * Math.sqrt(12);
  }
  return numbers;
}
