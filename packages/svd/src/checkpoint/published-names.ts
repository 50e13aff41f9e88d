import { basename, dirname, resolve } from 'node:path';

/** What the name of a published checkpoint says about it. */
export interface PublishedName {
  /** The name of its built-in card. */
  readonly card: string;
  /** The frames that its model makes at once. */
  readonly frames: number;
}

/** The names of files, folders and repositories. */
const NAMES: readonly (PublishedName & { readonly pattern: RegExp })[] = [
  { card: 'animatelcm-svd-xt-1-1', frames: 25, pattern: whole(String.raw`animatelcm[-_ ]svd[-_ ]xt[-_ ]?1[-_.]?1`) },
  { card: 'animatelcm-svd-xt', frames: 25, pattern: whole(String.raw`animatelcm[-_ ]svd[-_ ]xt`) },
  { card: 'svd-xt-1-1', frames: 25, pattern: whole(String.raw`(?:svd|img2vid)[-_ ]?xt[-_ ]?1[-_.]?1`) },
  { card: 'svd-xt', frames: 25, pattern: whole(String.raw`(?:svd|img2vid)[-_ ]?xt`) },
  { card: 'svd', frames: 14, pattern: whole(String.raw`svd|img2vid`) },
];

/** A whole name: nothing else may stand before or after it but what says where it is published, and how it is stored. */
function whole(name: string): RegExp {
  return new RegExp(
    String.raw`^(?:models--[^/]+--)?(?:stable[-_ ]video[-_ ]diffusion[-_ ])?(?:${name})(?:[-_. ](?:fp16|bf16|fp32))?(?:\.safetensors)?$`,
    'i',
  );
}

/**
 * Finds the published checkpoint whose name a file or folder has. Other words in the name are those of a model that was trained
 * from it, which is another model. In the Hugging Face cache (`models--OWNER--NAME/snapshots/COMMIT`) the repository has the name.
 */
export function publishedName(path: string): PublishedName | null {
  const full = resolve(path);
  const parent = dirname(full);
  const repository = basename(parent) === 'snapshots' ? [basename(dirname(parent))] : [];
  for (const part of [basename(full), ...repository]) {
    const found = NAMES.find(({ pattern }) => pattern.test(part));
    if (found) return found;
  }
  return null;
}
