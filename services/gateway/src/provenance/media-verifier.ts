import { createFairSemaphore } from '@cinematica/concurrency';
import type { Credentials } from '@cinematica/credentials';
import type { TrustedRoots } from '@cinematica/credentials/roots';
import type { FoundMark } from '@cinematica/provenance';
import type { PhotoSanitizer } from '../photo/photo-sanitizer.ts';
import { createStanding } from '../callers/standing.ts';
import { checkCredentials } from './check-credentials.ts';
import { findBestMark } from './find-mark.ts';
import { MediaError, MediaWaitingError, tooSlowError } from './media-error.ts';
import { MEDIA_LIMITS } from './media-limits.ts';
import { readMedia } from './read-media.ts';

/** What is known about a file. */
export interface MediaFindings {
  readonly kind: 'video' | 'picture';
  /** The mark of one of the keys; null when there is none. */
  readonly mark: FoundMark | null;
  /** What the content credentials of the file say. */
  readonly credentials: Credentials;
  /** Whether the metadata of the file say that a trained model made it. Everyone can write or remove them. */
  readonly declaredGenerated: boolean;
}

/** Checks untrusted files, one at a time. Nothing of them is kept. */
export interface MediaVerifier {
  /**
   * @param client the address of the sender. Senders take turns, and those whose files keep being refused come last. Default: one
   *   sender.
   * @throws MediaError when the file cannot be checked: its message is for the sender.
   * @throws MediaWaitingError when too many files are waiting, or it waited too long; the signal's reason.
   */
  verify(bytes: Uint8Array, signal: AbortSignal, client?: string): Promise<MediaFindings>;
}

/** Whether this installation made a file: it carries a mark of its keys, or valid credentials that one of its own roots vouches for. */
export const isMadeHere = ({ mark, credentials }: MediaFindings): boolean =>
  mark !== null || (credentials.state === 'valid' && credentials.voucher === 'own');

/** IPTC's digital source type of media that a trained model made, which XMP and the tags of videos contain as text. */
const DECLARATION = 'digitalsourcetype/trainedAlgorithmicMedia';

/** What files are checked against, and how large they may be. */
export interface VerifierOptions {
  /** The keys of the marks that are looked for. */
  readonly keys: readonly Uint8Array[];
  /** Those who are trusted to sign content credentials. */
  readonly roots: TrustedRoots;
  /** The maximum size of a file. Bytes. Default: that of files of strangers, see {@link MEDIA_LIMITS}. */
  readonly maxBytes?: number;
}

export function createMediaVerifier(
  { keys, roots, maxBytes = MEDIA_LIMITS.maxBytes }: VerifierOptions,
  sanitizer: Pick<PhotoSanitizer, 'sanitize'>,
): MediaVerifier {
  const { maxWaiting, maxWaitMs, totalTimeoutMs } = MEDIA_LIMITS;
  const standing = createStanding();
  const turns = createFairSemaphore({
    permits: 1,
    maxWaiting,
    maxWaitMs,
    isLast: standing.isPoor,
    refuse: () => new MediaWaitingError(),
  });

  /** @param deadline ends reading the file and looking for its mark. Its credentials have their own. */
  async function check(
    bytes: Uint8Array,
    client: string,
    { signal, deadline }: { readonly signal: AbortSignal; readonly deadline: AbortSignal },
    onTurn: () => void,
  ): Promise<MediaFindings> {
    const inTime = AbortSignal.any([signal, deadline]);
    const { kind, groups } = readMedia(bytes, { client, sanitizer, onTurn }, inTime, maxBytes);
    if (kind === 'video') onTurn();
    const mark = await findBestMark(groups, keys, inTime);
    signal.throwIfAborted();
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const credentials = await checkCredentials(bytes, roots, signal);
    return { kind, mark, credentials, declaredGenerated: text.includes(DECLARATION) };
  }

  return {
    async verify(bytes, signal, client = '') {
      const release = await turns.acquire(client, signal);
      /** A picture waits again, for the processes that decode photos. That time does not count against its sender. */
      let begun = Infinity;
      const onTurn = (): void => {
        begun = performance.now();
      };
      const deadline = AbortSignal.timeout(totalTimeoutMs);
      try {
        return await check(bytes, client, { signal, deadline }, onTurn);
      } catch (cause) {
        const error = deadline.aborted && !signal.aborted ? tooSlowError(cause) : cause;
        if (error instanceof MediaError || signal.aborted) {
          standing.refused(client, Math.max(0, performance.now() - begun));
        }
        throw error;
      } finally {
        release();
      }
    },
  };
}
