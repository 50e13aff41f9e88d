import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { sizeOf } from './receive-file.ts';

/** What a file has to be. */
export interface Expected {
  readonly path: string;
  readonly bytes: number;
  /** Null where no digest is known: then the size has to do, and `.json` has to be JSON. */
  readonly sha256: string | null;
}

/** Whether the file at `file` is what it has to be: null, or what is wrong with it. */
export async function verifyFile(file: string, expected: Expected, signal?: AbortSignal): Promise<string | null> {
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
