/** Numbers as the stages' messages carry them: little-endian float32, which is how every machine we run on has them. */
export function float32ToBytes(numbers: Float32Array): Uint8Array {
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}

/**
 * The numbers of a message's bytes, copied: a message's fields lie anywhere in it, and typed arrays must be aligned.
 *
 * @throws RangeError where the bytes are not whole numbers
 */
export function bytesToFloat32(bytes: Uint8Array): Float32Array {
  if (bytes.length % 4 !== 0) throw new RangeError(`${bytes.length} bytes are no float32 numbers`);
  return new Float32Array(new Uint8Array(bytes).buffer);
}
