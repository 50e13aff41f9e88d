import { abortable, retry } from '@cinematica/concurrency';
import type { S3Client } from '@aws-sdk/client-s3';
import { StorageFullError, UnavailableError } from '../domain/errors.ts';
import type { Lifetime } from '../domain/messages.ts';
import type { S3Settings } from '../domain/s3-settings.ts';
import { bucketName } from '../domain/stages.ts';
import { translateS3Error } from './errors.ts';

/** The pause before the second try of a request; it doubles with each further one. Milliseconds. */
const FIRST_PAUSE_MS = 200;

/** The settings of a store, with its bucket. */
export type S3StoreSettings = S3Settings & { readonly S3_BUCKET: string };

/** What reads and writes of artifacts share. */
export interface S3Store {
  readonly client: S3Client;
  readonly bucket: string;
  /** The key of an artifact. */
  readonly key: (lifetime: Lifetime, name: string) => string;
  /** The start of the keys of all artifacts with a lifetime. */
  readonly folder: (lifetime: Lifetime) => string;
  /**
   * Makes a request, again after a pause when it fails or takes longer than `S3_TIMEOUT_MS`.
   * @param activity what the request does, as a participle, for errors.
   * @param run makes the request once, and reads its answer. What it throws with `definite` is not repeated.
   * @param tries how often it is made. Default `S3_TRIES`.
   * @throws UnavailableError, StorageFullError, what `run` throws with `definite`, the signal's reason
   */
  readonly request: <T>(
    activity: string,
    run: (signal: AbortSignal) => Promise<T>,
    signal?: AbortSignal,
    tries?: number,
  ) => Promise<T>;
}

/** An answer that another try would not change, such as a missing object. */
export class DefiniteError extends Error {
  override readonly name = 'DefiniteError';
}

export function createS3Store(client: S3Client, settings: S3StoreSettings): S3Store {
  const { S3_BUCKET: bucket, S3_PREFIX, S3_TIMEOUT_MS, S3_TRIES } = settings;
  const folder = (lifetime: Lifetime): string => `${S3_PREFIX}${bucketName(lifetime)}/`;
  return {
    client,
    bucket,
    folder,
    key: (lifetime, name) => folder(lifetime) + name,
    async request(activity, run, signal, tries = S3_TRIES) {
      const attempt = async () => {
        const deadline = AbortSignal.timeout(S3_TIMEOUT_MS);
        const ended = signal ? AbortSignal.any([signal, deadline]) : deadline;
        try {
          return await abortable(run(ended), ended);
        } catch (error) {
          signal?.throwIfAborted();
          if (error instanceof DefiniteError) throw error;
          throw translateS3Error(error, activity, bucket);
        }
      };
      try {
        return await retry(attempt, {
          isRetryable: (error) => error instanceof UnavailableError && !(error instanceof StorageFullError),
          // Half of the pause is random, so that processes do not ask a busy store at the same moments.
          delayMs: (number) => FIRST_PAUSE_MS * 2 ** (number - 1) * (0.5 + Math.random() / 2),
          maxAttempts: tries,
          signal,
        });
      } catch (error) {
        throw error instanceof DefiniteError ? error.cause : error;
      }
    },
  };
}
