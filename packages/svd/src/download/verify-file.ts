import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { sizeOf } from './download-file.ts';

/** The expected properties of a file. */
export interface ExpectedFile {
  readonly path: string;
  readonly bytes: number;
  /** Null if the digest is unknown. Then only the size is checked, and whether a `.json` file is JSON. */
  readonly sha256: string | null;
}

/** Verifies a file. Returns null if it matches, otherwise the difference. */
export async function verifyFile(file: string, expected: ExpectedFile, signal?: AbortSignal): Promise<string | null> {
  const size = await sizeOf(file);
  if (size !== expected.bytes) return `${size} bytes instead of ${expected.bytes}`;
  if (expected.sha256 !== null) {
    const hash = createHash('sha256');
    await pipeline(createReadStream(file, { highWaterMark: 2 ** 20 }), hash, { signal });
    const found = hash.digest('hex');
    return found === expected.sha256 ? null : `SHA-256 ${found} instead of ${expected.sha256}`;
  }
  if (!expected.path.endsWith('.json')) return null;
  try {
    JSON.parse(await readFile(file, 'utf8'));
    return null;
  } catch {
    return 'not JSON';
  }
}
