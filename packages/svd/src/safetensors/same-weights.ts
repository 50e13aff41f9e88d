import { open } from 'node:fs/promises';
import { bytesOf, toFloat32 } from './dtype.ts';
import { readBytes } from './read-header.ts';
import type { TensorEntry } from './read-header.ts';

/** The number of tensors that are compared, evenly distributed. Training changes all of them. */
const TENSORS = 16;
/** The number of elements that are compared of each tensor. */
const ELEMENTS = 256;
/** A bfloat16 number has 8 significant bits. */
const RELATIVE = 2 ** -8;
/** Half of the smallest positive float16 number. */
const ABSOLUTE = 2 ** -25;

/**
 * Compares two sets of weights that may have different precision, by a sample of their elements.
 * @returns the name of a tensor that one of them lacks or that differs by more than rounding; null if there is none
 */
export async function differingTensor(a: readonly TensorEntry[], b: readonly TensorEntry[]): Promise<string | null> {
  const others = new Map(b.map((entry) => [entry.name, entry]));
  const missing = a.find(({ name, shape }) => others.get(name)?.shape.join() !== shape.join());
  if (missing) return missing.name;
  const own = new Set(a.map(({ name }) => name));
  const more = b.find(({ name }) => !own.has(name));
  if (more) return more.name;
  const stride = Math.max(1, Math.floor(a.length / TENSORS));
  for (let i = 0; i < a.length; i += stride) {
    const entry = a[i]!;
    const [left, right] = [await sample(entry), await sample(others.get(entry.name)!)];
    if (left && right && left.some((value, j) => isDifferent(value, right[j] ?? NaN))) return entry.name;
  }
  return null;
}

const isDifferent = (a: number, b: number): boolean =>
  !(Math.abs(a - b) <= RELATIVE * Math.max(Math.abs(a), Math.abs(b)) + ABSOLUTE);

/** The first elements of a tensor; null if it is not of a float type. */
async function sample({ dtype, file, offset, length }: TensorEntry): Promise<Float32Array | null> {
  await using handle = await open(file);
  return toFloat32(dtype, await readBytes(handle, offset, Math.min(length, ELEMENTS * bytesOf(dtype))));
}
