import type { Credentials } from '@cinematica/credentials';
import type { TrustedRoots } from '@cinematica/credentials/roots';
import { mayHaveCredentials } from '@cinematica/credentials/may-have-credentials';
import type { CredentialsCheck } from './credentials-worker.ts';
import { MediaError } from './media-error.ts';
import { MEDIA_LIMITS } from './media-limits.ts';
import { runInThread } from './run-in-thread.ts';

/**
 * Reads the content credentials of a file, in a thread. For a file without any, none is started. Those that take too long or too much
 * memory are invalid, so that they do not keep the mark of the file from being reported.
 * @throws the signal's reason; Error when the thread fails.
 */
export async function checkCredentials(
  media: Uint8Array,
  roots: TrustedRoots,
  signal: AbortSignal,
): Promise<Credentials> {
  if (!mayHaveCredentials(media)) return { state: 'missing' };
  const check: CredentialsCheck = { media, roots };
  const worker = new URL('./credentials-worker.ts', import.meta.url);
  try {
    return await runInThread(worker, check, { timeoutMs: MEDIA_LIMITS.credentialsTimeoutMs, signal });
  } catch (error) {
    if (!(error instanceof MediaError)) throw error;
    return { state: 'invalid', reasons: ['general.error'], signer: null };
  }
}
