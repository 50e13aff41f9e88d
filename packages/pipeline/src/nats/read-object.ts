import { abortable } from '@cinematica/concurrency';
import { JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream';
import type { JetStreamManager, StoredMsg } from '@nats-io/jetstream';

import { createHash } from 'node:crypto';
import type { Artifact } from '../domain/messages.ts';
import { UnavailableError } from '../domain/errors.ts';
import type { ReadOptions } from '../domain/ports/artifacts.ts';
import { MissingArtifactError } from '../domain/ports/artifacts.ts';
import { translateError } from './errors.ts';
import { bucketStream, chunkSubject, metadataSubject } from './names.ts';

/** The part of an object's metadata that a read needs. */
interface Metadata {
  readonly nuid: string;
  /** Bytes. */
  readonly size: number;
  readonly chunks: number;
  readonly deleted?: boolean;
  /** `max_chunk_size` is the size of every chunk but the last, in bytes. */
  readonly options?: { readonly max_chunk_size?: number };
}

/**
 * Reads an object chunk by chunk. Each chunk is one request, which is sent when the reader wants it: a slow reader keeps
 * nothing waiting on the server or in the connection, and no consumer is created. The client's own `get` has the server push
 * the whole object, and the server cuts a connection that is too slow for that.
 *
 * @throws MissingArtifactError only when the store says that the object or a chunk is gone, or the content is another one.
 *   When the object is read to its end from its start, the last part is yielded after the digest has been checked.
 * @throws UnavailableError, the signal's reason
 */
export async function* readObject(
  manager: JetStreamManager,
  artifact: Artifact,
  { range, signal }: ReadOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const { lifetime, name } = artifact;
  const stream = bucketStream(lifetime);
  const size = Number(artifact.size);
  const ask = <T>(request: () => Promise<T>) => withOneRetry(request, `reading ${name}`, signal);

  const found = await ask(() => manager.streams.getMessage(stream, { last_by_subj: metadataSubject(lifetime, name) }));
  const metadata = found?.json<Metadata>();
  if (!found || !metadata || metadata.deleted) throw new MissingArtifactError(artifact, 'is gone');
  if (metadata.size !== size) throw new MissingArtifactError(artifact, 'is not what was written');
  const { first, last } = range ?? { first: 0, last: size - 1 };
  if (last < first) return;

  const next_by_subj = chunkSubject(lifetime, metadata.nuid);
  const chunkFrom = async (seq: number): Promise<StoredMsg> => {
    const query = { seq, next_by_subj };
    // Any replica answers a direct request. One that lags behind may lack the chunk, so the leader decides.
    const chunk =
      (await ask(() => manager.direct.getMessage(stream, query))) ??
      (await ask(() => manager.streams.getMessage(stream, query)));
    if (!chunk) throw new MissingArtifactError(artifact, 'has lost its content');
    return chunk;
  };

  const hash = first === 0 && last === size - 1 ? createHash('sha256') : null;
  let chunk = await chunkFrom(1);
  /** The position of the chunk's first byte in the object. */
  let start = 0;
  const skipped = skippableChunks(metadata, { firstChunk: chunk.seq, end: found.seq }, first);
  if (skipped > 0) {
    start = skipped * metadata.options!.max_chunk_size!;
    chunk = await chunkFrom(chunk.seq + skipped);
  }
  for (;;) {
    const { data, seq } = chunk;
    const end = start + data.length;
    hash?.update(data);
    if (end > last && hash && !(end === size && hash.digest().equals(artifact.sha256))) {
      throw new MissingArtifactError(artifact, 'is not what was written');
    }
    if (end > first) yield data.subarray(Math.max(0, first - start), last + 1 - start);
    if (end > last) return;
    start = end;
    chunk = await chunkFrom(seq + 1);
  }
}

/**
 * How many chunks a range starts behind, when their sequence numbers are known: the metadata is written after the last
 * chunk, so the chunks are consecutive if no other object was written in between. Otherwise 0, and the chunks in front of
 * the range are read and dropped.
 */
function skippableChunks(
  { size, chunks, options: { max_chunk_size: chunkSize = 0 } = {} }: Metadata,
  seqs: { readonly firstChunk: number; readonly end: number },
  first: number,
): number {
  const consecutive = seqs.end - seqs.firstChunk === chunks && Math.ceil(size / chunkSize) === chunks;
  return consecutive ? Math.floor(first / chunkSize) : 0;
}

/** A server that restarts loses the requests that it was sent before. So a request without an answer is sent once more. */
async function withOneRetry<T>(
  request: () => Promise<T>,
  activity: string,
  signal: AbortSignal | undefined,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await abortable(request(), signal);
    } catch (error) {
      signal?.throwIfAborted();
      const translated = isStreamMissing(error)
        ? new UnavailableError(`the bucket does not exist while ${activity}`, { cause: error })
        : translateError(error, activity);
      if (tries > 1 || !(translated instanceof UnavailableError)) throw translated;
    }
  }
}

/** The provisioner creates the buckets, also after the store was lost. Until then nothing is known of their objects. */
const isStreamMissing = (error: unknown): boolean =>
  error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound;
