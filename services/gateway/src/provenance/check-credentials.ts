import type { Credentials } from '@cinematica/credentials';
import type { TrustedRoots } from '@cinematica/credentials/roots';
import { mayHaveCredentials } from '@cinematica/credentials/may-have-credentials';
import type { CredentialsCheck } from './credentials-worker.ts';
import { MEDIA_LIMITS } from './media-limits.ts';
import { runInThread } from './run-in-thread.ts';

/**
 * Reads the content credentials of a file, in a thread. For a file without any, none is started.
 * @throws as {@link runInThread}
 */
export async function checkCredentials(
  media: Uint8Array,
  roots: TrustedRoots,
  signal: AbortSignal,
): Promise<Credentials> {
  if (!mayHaveCredentials(media)) return { state: 'missing' };
  const check: CredentialsCheck = { media, roots };
  const worker = new URL('./credentials-worker.ts', import.meta.url);
  return runInThread(worker, check, { timeoutMs: MEDIA_LIMITS.credentialsTimeoutMs, signal });
}
