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

/** An element type, by the name safetensors gives it. */
export type Dtype = keyof typeof BYTES;

/** Whether `name` is an element type known here. */
export function isDtype(name: string): name is Dtype {
  return Object.hasOwn(BYTES, name);
}

/** Bytes of one element. */
export function bytesOf(dtype: Dtype): number {
  return BYTES[dtype];
}

/**
 * Little-endian elements as float32, or null where the type is none of F64, F32, F16 and BF16. F64 is rounded, the
 * others are exact. `bytes` has to begin at a multiple of 8 in its buffer; F32 shares that memory.
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
