import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import { createJsonReader } from './json-reader.ts';
import { quoteName } from './quote-name.ts';
import { realFile } from './real-file.ts';
import { SafetensorsError } from './safetensors-error.ts';

const LONGEST_INDEX = 100_000_000;

/**
 * A shard index (`….safetensors.index.json`): each tensor's name and the path of the file that holds it.
 *
 * @throws {@link SafetensorsError} where it is no such index, or names a file outside its own folder.
 */
export async function readIndex(path: string): Promise<Map<string, string>> {
  const { path: real, size } = await realFile(path);
  if (size > LONGEST_INDEX) throw new SafetensorsError(path, `an index of ${size} bytes, 100 MB are the limit`);
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
  if (files.size === 0) throw new Error('no tensors in weight_map');
  return files;
}

function shardPath(folder: string, name: string): string {
  const path = resolve(folder, name);
  const inside = relative(folder, path);
  if (isAbsolute(name) || isAbsolute(inside) || inside.split(sep).includes('..') || name.includes('\0')) {
    throw new Error(`the shard ${quoteName(name)} is outside the index's own folder`);
  }
  return path;
}
