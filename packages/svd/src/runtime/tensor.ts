/** The element types that cross the border of the runtime. */
export type TensorType = 'float32' | 'float16' | 'int64' | 'int32' | 'uint8' | 'bool';

/** `float16` travels as its bits in a `Uint16Array`, `bool` as 0 or 1 in a `Uint8Array`. */
export type TensorData = Float32Array | Uint16Array | BigInt64Array | Int32Array | Uint8Array;

/** A dense array, row-major; `data` holds as many elements as the product of `dims` (one for a scalar). */
export interface Tensor {
  readonly type: TensorType;
  readonly dims: readonly number[];
  readonly data: TensorData;
}

/** A tensor whose type, shape and data do not agree. */
export class TensorError extends Error {
  override readonly name = 'TensorError';
}

const arrays = {
  float32: Float32Array,
  float16: Uint16Array,
  int64: BigInt64Array,
  int32: Int32Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const;

export const isTensorType = (type: string): type is TensorType => Object.hasOwn(arrays, type);

/** @throws {TensorError} where data and type or data and shape disagree; `name` is for that message */
export function checkTensor(name: string, { type, dims, data }: Tensor): void {
  const expected = arrays[type];
  if (!(data instanceof expected)) {
    throw new TensorError(`tensor "${name}": ${type} takes its data as ${expected.name}, not ${data.constructor.name}`);
  }
  const count = dims.reduce((product, dim) => product * dim, 1);
  if (dims.some((dim) => !Number.isSafeInteger(dim) || dim < 0) || count !== data.length) {
    throw new TensorError(`tensor "${name}": shape [${dims.join(', ')}] does not hold ${data.length} elements`);
  }
}

/** The tensor's own bytes and no more: its data may be a view over a larger buffer. */
export function tensorBytes({ data }: Pick<Tensor, 'data'>): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** A tensor over `bytes`, which must start a buffer of their own so that the elements are aligned. */
export function tensorOfBytes(type: TensorType, dims: readonly number[], bytes: Uint8Array): Tensor {
  const of = arrays[type];
  // Never shared memory: the bytes were read from a stream.
  const buffer = bytes.buffer as ArrayBuffer;
  return { type, dims, data: new of(buffer, bytes.byteOffset, bytes.byteLength / of.BYTES_PER_ELEMENT) };
}
