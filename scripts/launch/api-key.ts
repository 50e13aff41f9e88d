import { chmod, readFile, rename, writeFile } from 'node:fs/promises';
import { apiKeyLine, newApiKey } from '@cinematica/gateway/api-keys';
import { LaunchError } from './launch-error.ts';

/** The owner of videos that this machine's own programs make, such as `npm run animate` and grpcurl. */
const NAME = 'local';

/**
 * Reads the API key of this installation and creates it at the first start. Only the file's owner can read it.
 *
 * @throws LaunchError when the file exists without a valid key
 */
export async function ensureApiKey(file: string): Promise<string> {
  const found = await readApiKey(file);
  if (found !== null) return found;
  const key = newApiKey();
  await replace(file, `${key}\n`);
  return key;
}

/**
 * @returns null when the file does not exist
 * @throws LaunchError when the file exists without a valid key
 */
export async function readApiKey(file: string): Promise<string | null> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return null;
    throw new LaunchError(`The key in ${file} can’t be read: ${String(cause)}`, { cause });
  }
  if (/^cin_[\w-]{43}\n$/.test(text)) return text.trim();
  throw new LaunchError(`${file} does not contain a valid API key: delete it, and the next start creates a new one.`);
}

/**
 * Writes the keys that the gateway accepts: those of the user's own file, and this installation's.
 *
 * @param own the user's API_KEYS_FILE
 * @throws LaunchError when that can't be read
 */
export async function writeApiKeys(file: string, key: string, own: string | undefined): Promise<void> {
  const others = own === undefined ? '' : await readOwn(own);
  await replace(file, `${others}${apiKeyLine(NAME, key)}\n`);
}

async function readOwn(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).replace(/\n*$/, '\n');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new LaunchError(`API_KEYS_FILE=${file} can’t be read: ${reason}`, { cause });
  }
}

/** Replaces a file by renaming, so that an interrupted start does not leave half a file. */
async function replace(file: string, text: string): Promise<void> {
  const partial = `${file}.${process.pid}`;
  await writeFile(partial, text, { mode: 0o600 });
  await chmod(partial, 0o600);
  await rename(partial, file);
}
