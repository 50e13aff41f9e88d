import { splitCertificates } from '@cinematica/credentials';
import { ConfigError } from '@cinematica/pipeline/service';
import { readFile } from 'node:fs/promises';

/**
 * Reads CREDENTIALS_ROOTS.
 * @param file undefined for no roots.
 * @returns each certificate as PEM.
 * @throws ConfigError when the file cannot be read, or has no certificates.
 */
export async function readCredentialRoots(file: string | undefined): Promise<string[]> {
  if (file === undefined) return [];
  try {
    return splitCertificates(await readFile(file, 'utf8'));
  } catch (cause) {
    throw new ConfigError(`CREDENTIALS_ROOTS=${file}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}
