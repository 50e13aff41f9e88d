import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import { createJsonReader } from './json-reader.ts';
import { quoteName } from './quote-name.ts';
import { realFile } from './real-file.ts';
import { SafetensorsError } from './safetensors-error.ts';

/** As large as the header of the largest file that is accepted. */
const MAX_INDEX_BYTES = 10_000_000;

/**
 * Reads a shard index (`….safetensors.index.json`).
 *
 * @returns the path of the shard of each tensor, by the name of the tensor
 * @throws {@link SafetensorsError} when the index is invalid, or names a file outside its own folder
 */
export async function readIndex(path: string): Promise<Map<string, string>> {
  const { path: real, size } = await realFile(path);
  if (size > MAX_INDEX_BYTES) throw new SafetensorsError(path, `the index has ${size} bytes; the limit is 10 MB`);
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(await readFile(real));
    return parseIndex(text, dirname(path));
  } catch (cause) {
    throw new SafetensorsError(path, `bad index: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

function parseIndex(text: string, folder: string): Map<string, string> {
  const files = new Map<string, string>();
  const reader = createJsonReader(text);
  reader.object((key) => {
    if (key === 'weight_map') reader.object((name) => void files.set(name, shardPath(folder, reader.string())));
    else reader.skip();
  });
  reader.end();
  if (files.size === 0) throw new Error('weight_map has no tensors');
  return files;
}

function shardPath(folder: string, name: string): string {
  const path = resolve(folder, name);
  const inside = relative(folder, path);
  if (isAbsolute(name) || isAbsolute(inside) || inside.split(sep).includes('..') || name.includes('\0')) {
    throw new Error(`the shard ${quoteName(name)} is outside the folder of the index`);
  }
  return path;
}
