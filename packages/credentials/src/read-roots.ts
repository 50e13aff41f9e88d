import { readFile } from 'node:fs/promises';
import { splitCertificates } from './certificates.ts';
import { SigningIdentityError } from './errors.ts';
import type { TrustedRoots } from './trust.ts';

export type { TrustedRoots } from './trust.ts';

/** The files with the certificates of those who are trusted, in PEM. Without a file, nobody is. */
export interface RootFiles {
  /** The root of this installation, and earlier ones. */
  readonly CREDENTIALS_ROOTS?: string | undefined;
  /** The roots of other signers whom the operator trusts. */
  readonly CREDENTIALS_TRUSTED_ROOTS?: string | undefined;
  /** The roots of time stamp authorities. */
  readonly TIMESTAMP_ROOTS?: string | undefined;
}

/**
 * Reads the certificates that files are checked against. This module loads no library, so that a service can read them when it
 * starts.
 * @throws {@link SigningIdentityError} that names the setting, when a file can't be read, or has no certificates.
 */
export async function readRoots(files: RootFiles): Promise<TrustedRoots> {
  const read = async (name: keyof RootFiles): Promise<string[]> => {
    const file = files[name];
    if (file === undefined) return [];
    try {
      return splitCertificates(await readFile(file, 'utf8'));
    } catch (cause) {
      throw new SigningIdentityError(`${name}=${file}: ${cause instanceof Error ? cause.message : String(cause)}`, {
        cause,
      });
    }
  };
  const [own, others, clocks] = await Promise.all([
    read('CREDENTIALS_ROOTS'),
    read('CREDENTIALS_TRUSTED_ROOTS'),
    read('TIMESTAMP_ROOTS'),
  ]);
  return { own, others, clocks };
}
