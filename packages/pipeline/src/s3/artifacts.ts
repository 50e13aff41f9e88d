import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
} from '@aws-sdk/client-s3';
import type {
  ListMultipartUploadsCommandInput,
  ListMultipartUploadsCommandOutput,
  MultipartUpload,
} from '@aws-sdk/client-s3';
import { create } from '@bufbuild/protobuf';
import { createHash } from 'node:crypto';
import { ArtifactSchema, ArtifactStore } from '../domain/messages.ts';
import type { Lifetime } from '../domain/messages.ts';
import type { Amount, Artifacts } from '../domain/ports/artifacts.ts';
import type { Installation } from '../domain/ports/installation.ts';
import { s3Name } from '../domain/s3-names.ts';
import { createS3Client } from './client.ts';
import { isNoObject } from './errors.ts';
import { createPrefixOwner } from './prefix-owner.ts';
import { readS3Object, STREAM_WINDOW, WHOLE_WINDOW } from './read-object.ts';
import { createS3Store } from './store.ts';
import type { S3StoreSettings } from './store.ts';
import { LostObjectError, writeS3Object } from './write-object.ts';

/** How often an object is written that the store loses at once. */
const MAX_PUT_TRIES = 3;
/** How many collections of garbage an amount is shown for. After them, another process collects. */
const SHOWN_COLLECTIONS = 2;
/** How long before a removal the owner of the prefix was read, at most. Many artifacts are removed at a time. Milliseconds. */
const REMOVAL_AGE_MS = 1_000;

/**
 * Artifacts in a bucket of an S3-compatible store, under `<prefix><bucket of NATS>/<name>~<digest>`. The digest makes a write
 * idempotent on every store: two attempts under one name write the same bytes, or different objects.
 *
 * Everything but `listed` throws UnavailableError while the prefix belongs to another installation (`prefix-owner.ts`).
 * @throws Error that names S3_CA_FILE when the file cannot be read.
 */
export async function createS3Artifacts(settings: S3StoreSettings, installation: Installation): Promise<Artifacts> {
  const client = await createS3Client(settings);
  const store = createS3Store(client, settings);
  const { bucket: Bucket, key, folder, request } = store;
  const owner = createPrefixOwner(store, settings, installation);
  // The check at intervals usually finds out first, so that no read or write waits for it.
  const requireOwn = (signal?: AbortSignal) => owner.requireOwn({ age: 2 * settings.S3_CHECK_MS, signal });
  const requireOwnToRemove = () => owner.requireOwn({ age: REMOVAL_AGE_MS, strict: true });
  const amounts = new Map<Lifetime, Amount & { readonly time: number }>();

  async function* pages(prefix: string) {
    for (let ContinuationToken: string | undefined; ;) {
      const command = new ListObjectsV2Command({ Bucket, Prefix: prefix, ContinuationToken });
      const page = await request(`listing ${prefix}`, (abortSignal) => client.send(command, { abortSignal }));
      yield page.Contents ?? [];
      if (page.IsTruncated !== true || page.NextContinuationToken === undefined) return;
      ContinuationToken = page.NextContinuationToken;
    }
  }

  return {
    async check(signal) {
      const command = new ListObjectsV2Command({ Bucket, Prefix: settings.S3_PREFIX, MaxKeys: 1 });
      const list = (abortSignal: AbortSignal) => client.send(command, { abortSignal });
      // Once: the check is repeated anyway, and should soon notice that the store does not answer.
      await request('checking the bucket', list, signal, 1);
      await owner.requireOwn({ age: 0, signal, tries: 1 });
    },
    requireRoom: () => Promise.resolve(),
    async put(lifetime, name, part, data, signal) {
      await requireOwn(signal);
      const sha256 = createHash('sha256').update(data).digest();
      const unique = s3Name(name, sha256);
      for (let tries = 1; ; tries++) {
        try {
          await writeS3Object(store, key(lifetime, unique), data, signal);
          break;
        } catch (error) {
          if (!(error instanceof LostObjectError) || tries === MAX_PUT_TRIES) throw error;
        }
      }
      const size = BigInt(data.length);
      return create(ArtifactSchema, { lifetime, name: unique, part, size, sha256, store: ArtifactStore.S3 });
    },
    async get(artifact, signal) {
      await requireOwn(signal);
      const data = new Uint8Array(Number(artifact.size));
      let length = 0;
      for await (const part of readS3Object(store, artifact, WHOLE_WINDOW, { signal })) {
        data.set(part, length);
        length += part.length;
      }
      return data;
    },
    async *stream(artifact, options) {
      await requireOwn(options?.signal);
      yield* readS3Object(store, artifact, STREAM_WINDOW, options);
    },
    async remove(lifetime, name) {
      await requireOwnToRemove();
      const command = new DeleteObjectCommand({ Bucket, Key: key(lifetime, name) });
      await request(`removing ${name}`, (abortSignal) => client.send(command, { abortSignal }));
    },
    listed(lifetime) {
      const amount = amounts.get(lifetime);
      if (!amount || Date.now() - amount.time > SHOWN_COLLECTIONS * settings.S3_COLLECT_MS) return null;
      return { objects: amount.objects, bytes: amount.bytes };
    },
    async list(lifetime, videoId) {
      await requireOwn();
      const start = folder(lifetime);
      const names: string[] = [];
      let bytes = 0;
      for await (const page of pages(videoId === undefined ? start : `${start}${videoId}/`)) {
        for (const { Key, Size = 0 } of page) {
          if (Key === undefined) continue;
          names.push(Key.slice(start.length));
          bytes += Size;
        }
      }
      if (videoId === undefined) amounts.set(lifetime, { objects: names.length, bytes, time: Date.now() });
      return names;
    },
    async time(lifetime, name) {
      await requireOwn();
      const command = new HeadObjectCommand({ Bucket, Key: key(lifetime, name) });
      const find = (abortSignal: AbortSignal) =>
        client.send(command, { abortSignal }).catch((error: unknown) => {
          if (isNoObject(error)) return null;
          throw error;
        });
      const found = await request(`looking up ${name}`, find);
      return found?.LastModified?.getTime() ?? null;
    },
    async removeBroken(lifetime, age) {
      await requireOwn();
      let removed = 0;
      for (const { Key, UploadId, Initiated } of await unfinishedUploads(folder(lifetime))) {
        if (Initiated && Date.now() - Initiated.getTime() < age) continue;
        await requireOwnToRemove();
        const command = new AbortMultipartUploadCommand({ Bucket, Key, UploadId });
        await request(`ending the upload of ${Key}`, (abortSignal) => client.send(command, { abortSignal }));
        removed++;
      }
      return removed;
    },
  };

  async function unfinishedUploads(Prefix: string): Promise<MultipartUpload[]> {
    const uploads: MultipartUpload[] = [];
    let after: Pick<ListMultipartUploadsCommandInput, 'KeyMarker' | 'UploadIdMarker'> = {};
    for (;;) {
      const command = new ListMultipartUploadsCommand({ Bucket, Prefix, ...after });
      const list = (abortSignal: AbortSignal) => client.send(command, { abortSignal });
      const page: ListMultipartUploadsCommandOutput = await request(`listing uploads to ${Prefix}`, list);
      uploads.push(...(page.Uploads ?? []));
      if (page.IsTruncated !== true || page.NextKeyMarker === undefined) return uploads;
      after = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker };
    }
  }
}
