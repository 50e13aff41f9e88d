import { S3ServiceException } from '@aws-sdk/client-s3';
import { StorageFullError, UnavailableError } from '../domain/errors.ts';

/** Codes of stores that have no room: those of Amazon, Ceph, and MinIO and its successors. */
const STORAGE_FULL = new Set(['QuotaExceeded', 'InsufficientStorage', 'XMinioStorageFull']);
const INSUFFICIENT_STORAGE = 507;

/** Whether the store says that there is no such object. A request for the head of one is answered without a code. */
export const isNoObject = (error: unknown): boolean =>
  error instanceof S3ServiceException && (error.name === 'NoSuchKey' || error.name === 'NotFound');

/** Whether a range starts behind the end of the object. */
export const isBehindEnd = (error: unknown): boolean =>
  error instanceof S3ServiceException && error.name === 'InvalidRange';

/** Whether a multipart upload has ended, or was never begun. */
export const isNoUpload = (error: unknown): boolean =>
  error instanceof S3ServiceException && error.name === 'NoSuchUpload';

/** Whether an object is not as a conditional write expected it, or another one wrote it at the same time. */
export const isOtherState = (error: unknown): boolean =>
  error instanceof S3ServiceException && [409, 412].includes(error.$metadata.httpStatusCode ?? 0);

/** Whether the store refuses a write because it knows no conditions. */
export const isUnknownCondition = (error: unknown): boolean =>
  error instanceof S3ServiceException && (error.name === 'NotImplemented' || error.$metadata.httpStatusCode === 501);

/**
 * Translates an error of the S3 client. Whatever it is, the outcome of the request is unknown, and it may succeed later: when
 * the store answers again, or when the operator has corrected credentials or policy.
 * @param activity what was attempted, as a participle: "reading v/0/mux/1/mp4".
 */
export function translateS3Error(error: unknown, activity: string, bucket: string): UnavailableError {
  if (error instanceof UnavailableError) return error;
  const cause = { cause: error };
  if (error instanceof Error && error.name === 'CredentialsProviderError') {
    return new UnavailableError(`there are no credentials for S3 while ${activity}: ${error.message}`, cause);
  }
  if (!(error instanceof S3ServiceException)) {
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return new UnavailableError(`S3 did not answer while ${activity} (${reason})`, cause);
  }
  const { name, message, $metadata } = error;
  const status = $metadata.httpStatusCode;
  if (STORAGE_FULL.has(name) || status === INSUFFICIENT_STORAGE) {
    return new StorageFullError(`the S3 bucket ${bucket} is full while ${activity}: ${message}`, cause);
  }
  if (name === 'NoSuchBucket') {
    return new UnavailableError(`the S3 bucket ${bucket} does not exist: create it, or correct S3_BUCKET`, cause);
  }
  if (status === 401 || status === 403) {
    const advice = 'check the credentials, and what the policy of the bucket allows';
    return new UnavailableError(`S3 refuses ${activity} (${name}: ${message}): ${advice}`, cause);
  }
  return new UnavailableError(`S3 failed while ${activity} (${status ?? ''} ${name}: ${message})`, cause);
}
