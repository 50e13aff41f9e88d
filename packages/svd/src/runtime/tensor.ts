/** The element types of feeds and outputs. */
export type TensorType = 'float32' | 'float16' | 'int64' | 'int32' | 'uint8' | 'bool';

/** `float16` is stored as bits in a `Uint16Array`, `bool` as 0 or 1 in a `Uint8Array`. */
export type TensorData = Float32Array | Uint16Array | BigInt64Array | Int32Array | Uint8Array;

/** A dense tensor, row-major. `data` has as many elements as the product of `dims` (one for a scalar). */
export interface Tensor {
  readonly type: TensorType;
  readonly dims: readonly number[];
  readonly data: TensorData;
}

/** The type, shape and data of a tensor do not match. */
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

/**
 * Checks that the data of a tensor matches its type and shape.
 * @param name of the tensor in the error message
 * @throws {TensorError} when it does not match
 */
export function checkTensor(name: string, { type, dims, data }: Tensor): void {
  const expected = arrays[type];
  if (!(data instanceof expected)) {
    throw new TensorError(
      `tensor "${name}": data of type ${type} must be a ${expected.name}, not a ${data.constructor.name}`,
    );
  }
  const count = dims.reduce((product, dim) => product * dim, 1);
  if (dims.some((dim) => !Number.isSafeInteger(dim) || dim < 0) || count !== data.length) {
    throw new TensorError(`tensor "${name}": shape [${dims.join(', ')}] does not match ${data.length} elements`);
  }
}

/** The bytes of a tensor. Its data may be a view of a larger buffer. */
export function tensorBytes({ data }: Pick<Tensor, 'data'>): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Creates a tensor over `bytes`, which must start at an aligned offset of their buffer. */
export function tensorOfBytes(type: TensorType, dims: readonly number[], bytes: Uint8Array): Tensor {
  const of = arrays[type];
  // It is not shared memory, because the bytes were read from a stream.
  const buffer = bytes.buffer as ArrayBuffer;
  return { type, dims, data: new of(buffer, bytes.byteOffset, bytes.byteLength / of.BYTES_PER_ELEMENT) };
}
