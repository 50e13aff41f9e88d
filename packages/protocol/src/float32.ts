/** Converts numbers to the bytes of a message: little-endian float32, which is the byte order of all supported machines. */
export function float32ToBytes(numbers: Float32Array): Uint8Array {
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}

/**
 * Converts the bytes of a message to numbers. They are copied, because the fields of a message may be unaligned.
 *
 * @throws RangeError when the number of bytes is not a multiple of 4
 */
export function bytesToFloat32(bytes: Uint8Array): Float32Array {
  if (bytes.length % 4 !== 0) throw new RangeError(`${bytes.length} bytes are not a whole number of float32 values`);
  return new Float32Array(new Uint8Array(bytes).buffer);
}
