import { create } from '@bufbuild/protobuf';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { Objm, setSha256Backend } from '@nats-io/obj';
import type { ObjectStore } from '@nats-io/obj';
import type { NatsConnection } from '@nats-io/transport-node';
import { createHash } from 'node:crypto';
import { ArtifactSchema, Lifetime } from '../domain/messages.ts';
import { bucketStream } from './names.ts';
import { bucketName, LIFETIMES } from '../domain/stages.ts';
import type { PipelineSettings } from '../domain/settings.ts';
import { inMiB, usableBytes } from '../domain/storage-sizes.ts';
import { withTranslatedErrors } from './errors.ts';
import { StorageFullError, UnavailableError } from '../domain/errors.ts';
import type { Artifacts } from '../domain/ports/artifacts.ts';
import { openObjectEntries } from './object-entries.ts';
import { readObject } from './read-object.ts';

/** The server accepts messages up to 1 MiB by default. Each chunk is acknowledged, so larger chunks are faster. */
const CHUNK_BYTES = 512 * 1024;
const MAX_PUT_TRIES = 3;

// The client's own SHA-256 takes twenty times as long as Node's: 0.3 s for the frames of a video.
setSha256Backend('native');

/** Artifacts in NATS' object store, with one bucket for each lifetime. */
export function createObjectArtifacts(
  nats: NatsConnection,
  settings: Pick<PipelineSettings, 'REQUEST_TIMEOUT_MS'>,
): Artifacts {
  const timeout = settings.REQUEST_TIMEOUT_MS;
  const buckets = new Map<Lifetime, Promise<ObjectStore>>();
  // `checkAPI` would look up the account, which a service has no permission for.
  const manager = jetstreamManager(nats, { timeout, checkAPI: false });
  const entries = async (lifetime: Lifetime) => openObjectEntries(await manager, lifetime);
  const bucket = (lifetime: Lifetime): Promise<ObjectStore> => {
    const opened = buckets.get(lifetime) ?? new Objm(jetstream(nats, { timeout })).open(bucketName(lifetime), false);
    buckets.set(lifetime, opened);
    // A failed attempt is repeated with the next use.
    opened.catch(() => buckets.delete(lifetime));
    return opened;
  };

  const requireRoomFor = async (lifetime: Lifetime, more: number): Promise<void> => {
    const look = async () => (await manager).streams.info(bucketStream(lifetime));
    const { config, state } = await withTranslatedErrors(`looking up the bucket ${bucketName(lifetime)}`, look);
    if (config.max_bytes <= 0 || state.bytes + more <= usableBytes(config.max_bytes)) return;
    const need = more > 0 ? `, and unfinished videos need ${inMiB(more)}` : '';
    const use = `${inMiB(state.bytes)} of ${inMiB(config.max_bytes)} are used${need}`;
    throw new StorageFullError(`the bucket ${bucketName(lifetime)} is full: ${use}`);
  };

  return {
    check: () => Promise.resolve(),
    async requireRoom(mediaBytes = 0) {
      const more = (lifetime: Lifetime) => (lifetime === Lifetime.MEDIA ? mediaBytes : 0);
      await Promise.all(LIFETIMES.map((lifetime) => requireRoomFor(lifetime, more(lifetime))));
    },
    async put(lifetime, name, part, data, signal) {
      const sha256 = createHash('sha256').update(data).digest();
      for (let tries = 1; ; tries++) {
        signal?.throwIfAborted();
        const unique = tries === 1 ? name : `${name}~${tries}`;
        try {
          await withTranslatedErrors(`writing ${unique}`, async () => {
            const meta = { name: unique, options: { max_chunk_size: CHUNK_BYTES } };
            await (await bucket(lifetime)).put(meta, readable(data), { previousRevision: 0, timeout });
          });
          return create(ArtifactSchema, { lifetime, name: unique, part, size: BigInt(data.length), sha256 });
        } catch (error) {
          const isFinal = error instanceof StorageFullError || tries === MAX_PUT_TRIES;
          if (isFinal) throw error instanceof UnavailableError ? error : failedPut(unique, error);
        }
      }
    },
    async get(artifact, signal) {
      const data = new Uint8Array(Number(artifact.size));
      let length = 0;
      for await (const part of readObject(await manager, artifact, { signal })) {
        data.set(part, length);
        length += part.length;
      }
      return data;
    },
    async *stream(artifact, options) {
      yield* readObject(await manager, artifact, options);
    },
    remove: (lifetime, name) =>
      withTranslatedErrors(`removing ${name}`, async () => (await entries(lifetime)).remove(name)),
    listed: () => null,
    async list(lifetime, videoId) {
      const names = await withTranslatedErrors(`listing the bucket ${bucketName(lifetime)}`, async () =>
        (await entries(lifetime)).names(),
      );
      return videoId === undefined ? names : names.filter((name) => name.startsWith(`${videoId}/`));
    },
    time: (lifetime, name) =>
      withTranslatedErrors(`looking up ${name}`, async () => (await entries(lifetime)).time(name)),
    removeBroken: (lifetime, age) =>
      withTranslatedErrors(`cleaning the bucket ${bucketName(lifetime)}`, async () =>
        (await entries(lifetime)).removeBroken(age),
      ),
  };
}

/** After a failed write the client cleans up, which a worker has no permission for, and that error hides the first one. */
const failedPut = (name: string, cause: unknown): UnavailableError =>
  new UnavailableError(`writing ${name} failed`, { cause });

function readable(data: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      if (data.length > 0) controller.enqueue(data);
      controller.close();
    },
  });
}
