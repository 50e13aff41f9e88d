import { createHash } from 'node:crypto';
import { z } from 'zod';
import { MIN_KEY_BYTES } from './design.ts';

/**
 * Reads the keys of marks as operators write them: secrets of at least {@link MIN_KEY_CHARACTERS} characters, separated by commas. New
 * videos are marked with the first one; marks of all of them are found.
 * @throws RangeError when there is none, or one is too short.
 */
export function readMarkKeys(text: string): [Uint8Array, ...Uint8Array[]] {
  const [first = '', ...others] = text.split(',').map((key) => key.trim());
  return [toKey(first), ...others.map(toKey)];
}

export const MIN_KEY_CHARACTERS = 2 * MIN_KEY_BYTES;

function toKey(text: string): Uint8Array {
  if (text.length < MIN_KEY_CHARACTERS) {
    throw new RangeError(
      `each key of the mark must have at least ${MIN_KEY_CHARACTERS} characters, all of them random`,
    );
  }
  return new TextEncoder().encode(text);
}

/** A setting with keys of marks: see {@link readMarkKeys}. */
export const markKeysSchema = z.string().transform((text, context) => {
  try {
    return readMarkKeys(text);
  } catch (error) {
    context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) });
    return z.NEVER;
  }
});

/** A short name of a key, which does not reveal it. */
export const keyName = (key: Uint8Array): string =>
  createHash('sha256').update('name of a key of marks').update(key).digest('hex').slice(0, 8);
