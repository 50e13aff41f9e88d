import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import type { Dtype } from './dtype.ts';
import { JsonError } from './json-reader.ts';
import { parseHeader, parseMetadata } from './parse-header.ts';
import { realFile } from './real-file.ts';
import { SafetensorsError } from './safetensors-error.ts';

/** The position of one tensor in a file. */
export interface TensorEntry {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Absolute path of the file, with all links resolved. */
  readonly file: string;
  /** Offset of the first byte from the start of the file. It need not be aligned. */
  readonly offset: number;
  /** Size in bytes. */
  readonly length: number;
  /** Whether the bytes are those of the transpose. Only matrices are. Default false. */
  readonly transposed?: boolean;
}

/**
 * A header of 10 MB describes a hundred thousand tensors; those of SVD's UNet have 0.2 MB. The reference implementation
 * accepts 100 MB, which take a quarter of a second and 100 MB of memory to refuse.
 */
const MAX_HEADER_BYTES = 10_000_000;

/**
 * Reads the header of a .safetensors file. It checks the length of the header against the size of the file first.
 *
 * @returns the tensors in the order of their bytes
 * @throws {@link SafetensorsError} when the file is missing or invalid
 */
export async function readHeader(path: string): Promise<TensorEntry[]> {
  return withHeader(path, ({ text, file, dataStart, size }) =>
    parseHeader(text, size - dataStart).map(({ name, dtype, shape, begin, end }) => ({
      name,
      dtype,
      shape,
      file,
      offset: dataStart + begin,
      length: end - begin,
    })),
  );
}

/**
 * Reads the metadata of a .safetensors file: texts by name, which programs add to the tensors.
 * @throws {@link SafetensorsError} when the file is missing or invalid
 */
export const readMetadata = (path: string): Promise<Map<string, string>> =>
  withHeader(path, ({ text }) => parseMetadata(text));

interface HeaderText {
  readonly text: string;
  /** The path of the file with all links resolved. */
  readonly file: string;
  /** The offset in the file at which the tensors start. Bytes. */
  readonly dataStart: number;
  readonly size: number;
}

async function withHeader<T>(path: string, parse: (header: HeaderText) => T): Promise<T> {
  const { path: file, size } = await realFile(path);
  try {
    await using handle = await open(file);
    if (size < 8)
      throw new SafetensorsError(path, `${size} bytes are too few for a safetensors file; download it again`);
    const start = await readBytes(handle, 0, 8);
    if (start.toString('latin1') === 'version ') {
      throw new SafetensorsError(path, 'this is a Git LFS pointer, not the weights: download them with "git lfs pull"');
    }
    const length = start.readBigUInt64LE();
    if (length > MAX_HEADER_BYTES)
      throw new SafetensorsError(path, `the header has ${length} bytes; the limit is 10 MB`);
    const dataStart = 8 + Number(length);
    if (dataStart > size) {
      throw new SafetensorsError(
        path,
        `the header (${length} bytes) exceeds the file (${size} bytes): it is not complete, or no safetensors file`,
      );
    }
    const header = await readBytes(handle, 8, Number(length));
    return parse({ text: decode(header), file, dataStart, size });
  } catch (cause) {
    if (cause instanceof SafetensorsError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SafetensorsError(path, cause instanceof JsonError ? `bad header: ${reason}` : reason, { cause });
  }
}

/**
 * Reads exactly `length` bytes from `position` into a new buffer.
 * @throws Error when the file ends before
 */
export async function readBytes(handle: FileHandle, position: number, length: number): Promise<Buffer<ArrayBuffer>> {
  const buffer = Buffer.from(new ArrayBuffer(length));
  for (let filled = 0; filled < length;) {
    // One call reads at most 2 GiB.
    const { bytesRead } = await handle.read(buffer, filled, Math.min(length - filled, 2 ** 30), position + filled);
    if (bytesRead === 0)
      throw new Error(`the file ends before byte ${position + length}; it has changed since it was opened`);
    filled += bytesRead;
  }
  return buffer;
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new JsonError('not UTF-8', { cause });
  }
}
