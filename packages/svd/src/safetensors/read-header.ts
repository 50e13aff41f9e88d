import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import type { Dtype } from './dtype.ts';
import { JsonError } from './json-reader.ts';
import { parseHeader } from './parse-header.ts';
import { realFile } from './real-file.ts';
import { SafetensorsError } from './safetensors-error.ts';

/** Where one tensor lies. */
export interface TensorEntry {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Absolute path of the real file, all links followed. */
  readonly file: string;
  /** First byte, counted from the start of the file; no alignment is promised. */
  readonly offset: number;
  /** Bytes. */
  readonly length: number;
}

/** The reference implementation's limit, too: a header of 100 MB would describe a million tensors. */
const LONGEST_HEADER = 100_000_000;

/**
 * The tensors of one .safetensors file, in the order of their bytes. Only the header is read, and it only once its
 * length has been checked against the file's.
 *
 * @throws {@link SafetensorsError}
 */
export async function readHeader(path: string): Promise<TensorEntry[]> {
  const { path: file, size } = await realFile(path);
  try {
    await using handle = await open(file);
    if (size < 8) throw new SafetensorsError(path, `${size} bytes are too few for a safetensors file`);
    const start = await readBytes(handle, 0, 8);
    if (start.toString('latin1') === 'version ') {
      throw new SafetensorsError(path, 'a Git LFS pointer, not the weights themselves: fetch them with "git lfs pull"');
    }
    const length = start.readBigUInt64LE();
    if (length > LONGEST_HEADER) throw new SafetensorsError(path, `a header of ${length} bytes, 100 MB are the limit`);
    const dataStart = 8 + Number(length);
    if (dataStart > size) {
      throw new SafetensorsError(path, `the header (${length} bytes) goes past the end of the file (${size} bytes)`);
    }
    const header = await readBytes(handle, 8, Number(length));
    return parseHeader(decode(header), size - dataStart).map(({ name, dtype, shape, begin, end }) => ({
      name,
      dtype,
      shape,
      file,
      offset: dataStart + begin,
      length: end - begin,
    }));
  } catch (cause) {
    if (cause instanceof SafetensorsError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SafetensorsError(path, cause instanceof JsonError ? `bad header: ${reason}` : reason, { cause });
  }
}

/** Exactly `length` bytes from `position`, in memory of their own. @throws Error where the file ends before them. */
export async function readBytes(handle: FileHandle, position: number, length: number): Promise<Buffer<ArrayBuffer>> {
  const buffer = Buffer.from(new ArrayBuffer(length));
  for (let filled = 0; filled < length;) {
    // One call reads at most 2 GB.
    const { bytesRead } = await handle.read(buffer, filled, Math.min(length - filled, 2 ** 30), position + filled);
    if (bytesRead === 0) throw new Error(`the file ends before byte ${position + length}: was it changed?`);
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
