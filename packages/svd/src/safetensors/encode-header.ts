import { bytesOf } from './dtype.ts';
import type { Dtype } from './dtype.ts';

/** What has to be known of a tensor to place it in a file. */
export interface TensorSpec {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
}

/**
 * The beginning of a .safetensors file for `tensors`, whose bytes have to follow in the order given: the header's
 * length in 8 bytes, and the header, filled up with spaces so that the data begins at a multiple of 8.
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
  return frameHeader(JSON.stringify(Object.fromEntries([['__metadata__', metadata], ...entries])));
}

/** Any text as a header: its length before it, spaces after it. */
export function frameHeader(text: string): Buffer {
  const json = Buffer.from(text);
  const header = Buffer.alloc(8 + Math.ceil(json.length / 8) * 8, ' ');
  header.writeBigUInt64LE(BigInt(header.length - 8));
  json.copy(header, 8);
  return header;
}
