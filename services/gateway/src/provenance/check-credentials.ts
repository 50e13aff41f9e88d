import type { Credentials } from '@cinematica/credentials';
import type { CredentialsCheck } from './credentials-worker.ts';
import { runInThread } from './run-in-thread.ts';

/**
 * Reads the content credentials of a file, in a thread.
 * @param roots the certificates, as PEM, of those who are trusted.
 * @throws as {@link runInThread}
 */
export function checkCredentials(
  media: Uint8Array,
  roots: readonly string[],
  signal: AbortSignal,
): Promise<Credentials> {
  const check: CredentialsCheck = { media, roots };
  return runInThread(new URL('./credentials-worker.ts', import.meta.url), check, signal);
}
