import { GetObjectCommand, HeadObjectCommand } from '@aws-sdk/client-s3';
import { createHash } from 'node:crypto';
import { UnavailableError } from '../domain/errors.ts';
import type { Artifact } from '../domain/messages.ts';
import { MissingArtifactError } from '../domain/ports/artifacts.ts';
import type { ReadOptions } from '../domain/ports/artifacts.ts';
import { isBehindEnd, isNoObject } from './errors.ts';
import { DefiniteError } from './store.ts';
import type { S3Store } from './store.ts';

/** The bytes that one request reads when an artifact is streamed, and so the most that are kept for a slow reader. */
export const STREAM_WINDOW = 1024 * 1024;
/** The bytes that one request reads when the whole artifact is wanted. */
export const WHOLE_WINDOW = 8 * 1024 * 1024;

/**
 * Reads an object window by window. Each window is one request, which is made when the reader wants it: a slow reader keeps no
 * connection, and a connection that is cut costs one window.
 *
 * @param window bytes.
 * @throws MissingArtifactError only when the store says that the object is gone, or the content is another one. When the object
 *   is read from its start to its end, the last part is yielded after the digest has been checked.
 * @throws UnavailableError, the signal's reason
 */
export async function* readS3Object(
  store: S3Store,
  artifact: Artifact,
  window: number,
  { range, signal }: ReadOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const size = Number(artifact.size);
  const { first, last } = range ?? { first: 0, last: size - 1 };
  if (size === 0) await requireEmpty(store, artifact, signal);
  const hash = first === 0 && last === size - 1 ? createHash('sha256') : null;
  for (let start = first; start <= last; start += window) {
    const end = Math.min(start + window - 1, last);
    const part = await readWindow(store, artifact, start, end, signal);
    hash?.update(part);
    if (end === last && hash && !hash.digest().equals(artifact.sha256)) {
      throw new MissingArtifactError(artifact, 'is not what was written');
    }
    yield part;
  }
}

function readWindow(
  { client, bucket, key, request }: S3Store,
  artifact: Artifact,
  first: number,
  last: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const { lifetime, name, size } = artifact;
  const Key = key(lifetime, name);
  const run = async (abortSignal: AbortSignal) => {
    const command = new GetObjectCommand({ Bucket: bucket, Key, Range: `bytes=${first}-${last}` });
    const { Body, ContentRange = '' } = await client.send(command, { abortSignal }).catch((error: unknown) => {
      throw asMissing(artifact, error);
    });
    const total = /\/(\d+)$/.exec(ContentRange)?.[1];
    if (total === undefined || !Body)
      throw new UnavailableError(`S3 did not send the range of ${name} that was asked for`);
    if (BigInt(total) !== size) throw definite(new MissingArtifactError(artifact, 'is not what was written'));
    const part = await Body.transformToByteArray();
    if (part.length !== last - first + 1) throw new UnavailableError(`the connection was cut while reading ${name}`);
    return part;
  };
  return request(`reading ${name}`, run, signal);
}

/** An empty object has no range that could be read. */
async function requireEmpty({ client, bucket, key, request }: S3Store, artifact: Artifact, signal?: AbortSignal) {
  const { lifetime, name } = artifact;
  const run = async (abortSignal: AbortSignal) => {
    const command = new HeadObjectCommand({ Bucket: bucket, Key: key(lifetime, name) });
    const { ContentLength } = await client.send(command, { abortSignal }).catch((error: unknown) => {
      throw asMissing(artifact, error);
    });
    if (ContentLength !== 0) throw definite(new MissingArtifactError(artifact, 'is not what was written'));
  };
  await request(`reading ${name}`, run, signal);
}

function asMissing(artifact: Artifact, error: unknown): unknown {
  if (isNoObject(error)) return definite(new MissingArtifactError(artifact, 'is gone', { cause: error }));
  if (isBehindEnd(error)) {
    return definite(new MissingArtifactError(artifact, 'is not what was written', { cause: error }));
  }
  return error;
}

const definite = (cause: MissingArtifactError) => new DefiniteError(cause.message, { cause });
