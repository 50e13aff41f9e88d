/// <reference lib="esnext.float16" />

const BYTES = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  F8_E4M3: 1,
  F8_E5M2: 1,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U64: 8,
  U32: 4,
  U16: 2,
  U8: 1,
  BOOL: 1,
} as const;

/** An element type, named as in safetensors headers. */
export type Dtype = keyof typeof BYTES;

/** Whether `name` is a supported element type. */
export function isDtype(name: string): name is Dtype {
  return Object.hasOwn(BYTES, name);
}

/** The size of one element in bytes. */
export function bytesOf(dtype: Dtype): number {
  return BYTES[dtype];
}

/**
 * Converts little-endian elements to float32. F64 is rounded; F32, F16 and BF16 are exact.
 * @param bytes must begin at a multiple of 8 in its buffer. The result for F32 shares its memory.
 * @returns null for any other type
 */
export function toFloat32(dtype: Dtype, bytes: Uint8Array<ArrayBuffer>): Float32Array<ArrayBuffer> | null {
  const { buffer, byteOffset, byteLength } = bytes;
  const count = byteLength / BYTES[dtype];
  if (dtype === 'F32') return new Float32Array(buffer, byteOffset, count);
  if (dtype === 'F64') return new Float32Array(new Float64Array(buffer, byteOffset, count));
  if (dtype === 'F16') return new Float32Array(new Float16Array(buffer, byteOffset, count));
  if (dtype !== 'BF16') return null;
  // bfloat16 is the upper half of a float32.
  const halves = new Uint16Array(buffer, byteOffset, count);
  const words = new Uint32Array(count);
  for (let i = 0; i < count; i++) words[i] = (halves[i] ?? 0) << 16;
  return new Float32Array(words.buffer);
}
