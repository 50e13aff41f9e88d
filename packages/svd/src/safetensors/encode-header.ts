import { bytesOf } from './dtype.ts';
import type { Dtype } from './dtype.ts';

/** The name, element type and shape of a tensor. */
export interface TensorSpec {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
}

/**
 * Encodes the start of a .safetensors file: the length of the header (8 bytes, little-endian) and the header as JSON,
 * padded with spaces so that the data begins at a multiple of 8. The bytes of the tensors must follow in the given order.
 */
export function encodeHeader(
  tensors: readonly TensorSpec[],
  metadata: Readonly<Record<string, string>> = { format: 'pt' },
): Buffer {
  let end = 0;
  const entries = tensors.map(({ name, dtype, shape }) => {
    const begin = end;
    end += shape.reduce((a, b) => a * b, bytesOf(dtype));
    return [name, { dtype, shape, data_offsets: [begin, end] }] as const;
  });
  return padHeader(JSON.stringify(Object.fromEntries([['__metadata__', metadata], ...entries])));
}

/** Adds the length before a header's text and the padding after it. */
export function padHeader(text: string): Buffer {
  const json = Buffer.from(text);
  const header = Buffer.alloc(8 + Math.ceil(json.length / 8) * 8, ' ');
  header.writeBigUInt64LE(BigInt(header.length - 8));
  json.copy(header, 8);
  return header;
}
