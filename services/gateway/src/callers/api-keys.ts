import { ConfigError } from '@cinematica/pipeline/service';
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/** The keys that other services call with. Only their digests are kept. */
export interface ApiKeys {
  /** Whose key it is, or null where it is nobody's. */
  ownerOf(key: string): string | null;
}

/** A new key: 256 random bits. */
export const newApiKey = (): string => `cin_${randomBytes(32).toString('base64url')}`;

/** Keys are random and long, so that a plain digest is enough: there is nothing to guess. */
export const digestOfKey = (key: string): Buffer => createHash('sha256').update(key).digest();

/** A key's line in API_KEYS_FILE. */
export const apiKeyLine = (name: string, key: string): string => `${name} ${digestOfKey(key).toString('hex')}`;

/**
 * @param text a line for each key: a name (letters, digits, hyphens), and the SHA-256 of the key in hex. A name may have
 *   several keys, so that one can be replaced. Empty lines and those that begin with # say nothing.
 * @throws ConfigError naming the line
 */
export function parseApiKeys(text: string): ApiKeys {
  const known = text.split('\n').flatMap((line, index) => {
    if (/^\s*(#.*)?$/.test(line)) return [];
    const [, name, digest] = /^\s*([A-Za-z0-9-]{1,40})\s+([0-9a-f]{64})\s*$/.exec(line) ?? [];
    if (name === undefined || digest === undefined) {
      throw new ConfigError(`API_KEYS_FILE: line ${index + 1} is not a name and a SHA-256 in hex`);
    }
    return [{ owner: `key-${name}`, digest: Buffer.from(digest, 'hex') }];
  });
  return {
    ownerOf(key) {
      const digest = digestOfKey(key);
      return known.find((one) => timingSafeEqual(one.digest, digest))?.owner ?? null;
    },
  };
}

/** @throws ConfigError */
export async function readApiKeys(file: string | undefined): Promise<ApiKeys> {
  if (file === undefined) return parseApiKeys('');
  try {
    return parseApiKeys(await readFile(file, 'utf8'));
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    throw new ConfigError(`API_KEYS_FILE=${file}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}
