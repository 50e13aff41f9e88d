import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { UnavailableError } from '../domain/errors.ts';
import { isNoObject, isNoUpload } from './errors.ts';
import type { S3Store } from './store.ts';

/** The size of the parts of a large object, and the largest object that is written at once. Bytes. */
export const PART_BYTES = 8 * 1024 * 1024;
/** Parts that are sent at the same time. */
const PARALLEL = 3;

/** The store has lost an object since it said that it was written, or has another one. Writing it again may help. */
export class LostObjectError extends UnavailableError {
  override readonly name = 'LostObjectError';
}

/**
 * Writes an object, and asks the store for its size afterwards, since some stores say that they have an object before they do.
 * Writing the same bytes again changes nothing.
 * @throws LostObjectError, UnavailableError, StorageFullError, the signal's reason
 */
export async function writeS3Object(
  store: S3Store,
  key: string,
  data: Uint8Array,
  signal?: AbortSignal,
): Promise<void> {
  if (data.length <= PART_BYTES) await putAtOnce(store, key, data, signal);
  else await putInParts(store, key, data, signal);
  const { client, bucket, request } = store;
  const confirm = async (abortSignal: AbortSignal) => {
    const command = new HeadObjectCommand({ Bucket: bucket, Key: key });
    const { ContentLength } = await client.send(command, { abortSignal }).catch((error: unknown) => {
      if (!isNoObject(error)) throw error;
      throw new LostObjectError(`S3 lost ${key} after it was written`, { cause: error });
    });
    if (ContentLength !== data.length) throw new LostObjectError(`S3 stored another size of ${key}`);
  };
  await request(`checking ${key}`, confirm, signal);
}

async function putAtOnce({ client, bucket, request }: S3Store, Key: string, data: Uint8Array, signal?: AbortSignal) {
  const run = (abortSignal: AbortSignal) =>
    client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: data }), { abortSignal });
  await request(`writing ${Key}`, run, signal);
}

async function putInParts(store: S3Store, Key: string, data: Uint8Array, signal?: AbortSignal): Promise<void> {
  const { client, bucket: Bucket, request } = store;
  const begin = (abortSignal: AbortSignal) =>
    client.send(new CreateMultipartUploadCommand({ Bucket, Key }), { abortSignal });
  const { UploadId } = await request(`beginning to write ${Key}`, begin, signal);
  try {
    const ETags = await sendParts(store, { Bucket, Key, UploadId }, data, signal);
    const Parts = ETags.map((ETag, index) => ({ ETag, PartNumber: index + 1 }));
    const end = async (abortSignal: AbortSignal) => {
      const command = new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } });
      await client.send(command, { abortSignal }).catch((error: unknown) => {
        // An earlier try may have completed it, and its answer was lost. The size is checked after this.
        if (!isNoUpload(error)) throw error;
      });
    };
    await request(`completing ${Key}`, end, signal);
  } catch (error) {
    // Without the signal, which may be aborted. What this leaves behind is removed by the garbage collection.
    const abort = (abortSignal: AbortSignal) =>
      client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }), { abortSignal });
    await request(`ending the upload of ${Key}`, abort).catch(() => undefined);
    throw error;
  }
}

interface Upload {
  readonly Bucket: string;
  readonly Key: string;
  readonly UploadId: string | undefined;
}

/** @returns the ETags of the parts, in order */
async function sendParts({ client, request }: S3Store, upload: Upload, data: Uint8Array, signal?: AbortSignal) {
  const ETags = Array.from<string | undefined>({ length: Math.ceil(data.length / PART_BYTES) });
  const failed = new AbortController();
  const ended = signal ? AbortSignal.any([signal, failed.signal]) : failed.signal;
  let next = 0;
  const send = async () => {
    while (next < ETags.length) {
      const index = next++;
      const Body = data.subarray(index * PART_BYTES, (index + 1) * PART_BYTES);
      const run = (abortSignal: AbortSignal) =>
        client.send(new UploadPartCommand({ ...upload, PartNumber: index + 1, Body }), { abortSignal });
      ETags[index] = (await request(`writing part ${index + 1} of ${upload.Key}`, run, ended)).ETag;
    }
  };
  const senders = Array.from({ length: PARALLEL }, () =>
    send().catch((error: unknown) => {
      failed.abort(error);
      throw error;
    }),
  );
  // All of them have ended before the upload is aborted, so that no part arrives after that.
  const results = await Promise.allSettled(senders);
  const failure = results.find((result) => result.status === 'rejected');
  if (failure) throw failure.reason;
  return ETags;
}
