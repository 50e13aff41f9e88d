import type { ObjectStore } from '@nats-io/obj';
import type { NatsConnection } from '@nats-io/transport-node';
import { createHash } from 'node:crypto';
import type { Artifact } from '../domain/messages.ts';
import { translateError } from './errors.ts';
import { UnavailableError } from '../domain/errors.ts';
import { MissingArtifactError } from '../domain/ports/artifacts.ts';

/** No data arrived in time. */
class IdleError extends Error {
  override readonly name = 'IdleError';
}

/**
 * Reads a whole object. When its chunks are missing, the client waits for ever. A read without data for `idle` milliseconds
 * is therefore repeated once, because a server restart may have interrupted it, and then the object counts as missing.
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
        if (!(await answers(nats, idle)))
          throw new UnavailableError(`NATS became unreachable while reading ${artifact.name}`);
        if (tries > 1) throw new MissingArtifactError(artifact, 'has lost its content', { cause: error });
        continue;
      }
      const translated = translateError(error, `reading ${artifact.name}`);
      if (translated instanceof UnavailableError) throw translated;
      // The client found a wrong digest or invalid metadata.
      throw new MissingArtifactError(artifact, `cannot be read`, { cause: error });
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
  // The stream, which is read below, reports the same error.
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
    // Removes the consumer on the server, in the background.
    reader.cancel().catch(() => undefined);
  }
}

/** Waits for a promise for at most `idle` milliseconds. @throws IdleError, the signal's reason */
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
