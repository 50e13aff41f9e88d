import type { Credentials } from '@cinematica/credentials';
import type { TrustedRoots } from '@cinematica/credentials/roots';
import type { CredentialsCheck } from './credentials-worker.ts';
import { runInThread } from './run-in-thread.ts';

/**
 * Reads the content credentials of a file, in a thread.
 * @throws as {@link runInThread}
 */
export function checkCredentials(
  media: Uint8Array,
  roots: TrustedRoots,
  signal: AbortSignal,
): Promise<Credentials> {
  const check: CredentialsCheck = { media, roots };
  return runInThread(new URL('./credentials-worker.ts', import.meta.url), check, signal);
}
