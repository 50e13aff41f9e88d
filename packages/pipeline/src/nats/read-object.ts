import type { ObjectStore } from '@nats-io/obj';
import type { NatsConnection } from '@nats-io/transport-node';
import { createHash } from 'node:crypto';
import type { Artifact } from '../domain/messages.ts';
import { translateError } from './errors.ts';
import { UnavailableError } from '../domain/errors.ts';
import { MissingArtifactError } from '../domain/ports/artifacts.ts';

class IdleError extends Error {
  override readonly name = 'IdleError';
}

/**
 * Reads an object whole. A read whose chunks are gone never ends by itself, so one that gives nothing for `idle`
 * milliseconds is tried once more (a server that was started again may have cut it), and is then taken for gone.
 * @throws MissingArtifactError, UnavailableError
 */
export async function readObject(
  nats: NatsConnection,
  bucket: ObjectStore,
  artifact: Artifact,
  { idle, signal }: { readonly idle: number; readonly signal?: AbortSignal | undefined },
): Promise<Uint8Array> {
  for (let tries = 1; ; tries++) {
    signal?.throwIfAborted();
    try {
      const data = await readOnce(bucket, artifact, idle, signal);
      if (data === null) throw new MissingArtifactError(artifact, 'is gone');
      if (!createHash('sha256').update(data).digest().equals(artifact.sha256)) {
        throw new MissingArtifactError(artifact, 'is not what was written');
      }
      return data;
    } catch (error) {
      if (error instanceof MissingArtifactError || signal?.aborted) throw error;
      if (error instanceof IdleError) {
        if (!(await answers(nats, idle))) throw new UnavailableError(`NATS went away while reading ${artifact.name}`);
        if (tries > 1) throw new MissingArtifactError(artifact, 'has lost its content', { cause: error });
        continue;
      }
      const translated = translateError(error, `reading ${artifact.name}`);
      if (translated instanceof UnavailableError) throw translated;
      // The client found the digest wrong, or could not make sense of the entry.
      throw new MissingArtifactError(artifact, `can't be read`, { cause: error });
    }
  }
}

async function readOnce(
  bucket: ObjectStore,
  artifact: Artifact,
  idle: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array | null> {
  const object = await within(bucket.get(artifact.name), idle, signal);
  if (object === null) return null;
  // Its own error is that of the stream, which we read to the end.
  object.error.catch(() => undefined);
  const data = new Uint8Array(Number(artifact.size));
  const reader = object.data.getReader();
  let at = 0;
  try {
    for (;;) {
      const { done, value } = await within(reader.read(), idle, signal);
      if (done) return data.subarray(0, at);
      if (at + value.length > data.length) throw new MissingArtifactError(artifact, 'is longer than what was written');
      data.set(value, at);
      at += value.length;
    }
  } finally {
    // Ends the consumer on the server; nothing waits for it.
    reader.cancel().catch(() => undefined);
  }
}

/** The promise, unless it takes longer than `idle` milliseconds. */
async function within<T>(promise: Promise<T>, idle: number, signal: AbortSignal | undefined): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new IdleError()), idle);
  const abort = () => late.reject(signal?.reason);
  signal?.addEventListener('abort', abort, { once: true });
  promise.catch(() => undefined);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}

const answers = (nats: NatsConnection, timeout: number): Promise<boolean> =>
  within(nats.flush(), timeout, undefined).then(
    () => true,
    () => false,
  );
