import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { KNOWN_MODELS } from './known-models.ts';
import type { KnownModel } from './known-models.ts';

/**
 * Finds the known checkpoint that a UNet file belongs to, by its SHA-256.
 *
 * A file with an unknown size is not read. In the Hugging Face cache, the target of the link is named by its SHA-256. Other
 * files are hashed, which takes seconds for gigabytes; `base` in `cinematica.json` avoids it.
 *
 * @returns null for any other file
 */
export async function recognizeModel(
  unetFile: string,
  signal?: AbortSignal,
  models: readonly KnownModel[] = KNOWN_MODELS,
): Promise<KnownModel | null> {
  const file = await realpath(unetFile);
  const { size } = await stat(file);
  if (!models.some(({ unets }) => unets.some(({ bytes }) => bytes === size))) return null;
  const name = basename(file);
  const digest = /^[0-9a-f]{64}$/.test(name) ? name : await sha256(file, signal);
  return models.find(({ unets }) => unets.some(({ sha256 }) => sha256 === digest)) ?? null;
}

async function sha256(file: string, signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash, signal ? { signal } : {});
  return hash.digest('hex');
}
