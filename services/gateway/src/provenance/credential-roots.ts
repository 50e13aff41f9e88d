import { readRoots } from '@cinematica/credentials/roots';
import type { RootFiles, TrustedRoots } from '@cinematica/credentials/roots';
import { ConfigError } from '@cinematica/pipeline/service';

/** Reads the settings that name files of certificates. @throws ConfigError when one cannot be read. */
export async function readCredentialRoots(files: RootFiles): Promise<TrustedRoots> {
  try {
    return await readRoots(files);
  } catch (cause) {
    throw new ConfigError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
