import { encodeHeader } from './encode-header.ts';
import { JsonError } from './json-reader.ts';
import { parseHeader } from './parse-header.ts';
import { quoteName } from './quote-name.ts';
import { SafetensorsError } from './safetensors-error.ts';

/** A float32 tensor, row-major. */
export interface PackedTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Encodes tensors as a .safetensors file of F32 tensors, in the given order. Equal tensors give equal bytes. */
export function packTensors(tensors: Readonly<Record<string, PackedTensor>>): Uint8Array {
  const entries = Object.entries(tensors);
  const header = encodeHeader(entries.map(([name, { shape }]) => ({ name, dtype: 'F32', shape })));
  const bodies = entries.map(([, { data }]) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return Buffer.concat([header, ...bodies]);
}

/**
 * Decodes the bytes of {@link packTensors}. The tensors are copies.
 *
 * @param what name of the data in error messages
 * @throws SafetensorsError when the bytes are not a .safetensors file, or have a tensor that is not F32
 */
export function unpackTensors(bytes: Uint8Array, what: string): ReadonlyMap<string, PackedTensor> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = bytes.length < 8 ? NaN : 8 + Number(view.getBigUint64(0, true));
  if (!(start <= bytes.length)) throw new SafetensorsError(what, 'the file ends within its header');
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, start));
    const tensors = new Map<string, PackedTensor>();
    for (const { name, dtype, shape, begin, end } of parseHeader(text, bytes.length - start)) {
      if (dtype !== 'F32') throw new SafetensorsError(what, `${quoteName(name)} is ${dtype}, not F32`);
      // Copied, because typed arrays must be aligned.
      const body = new Uint8Array(bytes.subarray(start + begin, start + end));
      tensors.set(name, { shape, data: new Float32Array(body.buffer) });
    }
    return tensors;
  } catch (cause) {
    if (cause instanceof JsonError || cause instanceof TypeError) {
      throw new SafetensorsError(what, `bad header: ${cause.message}`, { cause });
    }
    throw cause;
  }
}
