import { create } from '@bufbuild/protobuf';
import { ArtifactSchema } from '../../domain/messages.ts';
import type { Artifact, Lifetime } from '../../domain/messages.ts';
import { MissingArtifactError } from '../../domain/ports/artifacts.ts';
import type { Artifacts } from '../../domain/ports/artifacts.ts';

/** Artifacts in memory, for tests without NATS. There is always room. */
export function createMemoryArtifacts(): Artifacts {
  const stored = new Map<string, { readonly data: Uint8Array; readonly time: number }>();
  const keyOf = (lifetime: Lifetime, name: string): string => `${lifetime}:${name}`;

  function read(artifact: Artifact): Uint8Array {
    const found = stored.get(keyOf(artifact.lifetime, artifact.name));
    if (!found) throw new MissingArtifactError(artifact, 'is not stored');
    return found.data;
  }

  return {
    check: () => Promise.resolve(),
    requireRoom: () => Promise.resolve(),
    put(lifetime, name, part, data) {
      stored.set(keyOf(lifetime, name), { data, time: Date.now() });
      return Promise.resolve(create(ArtifactSchema, { lifetime, name, part, size: BigInt(data.length) }));
    },
    get: (artifact) => Promise.resolve().then(() => read(artifact)),
    async *stream(artifact, { range } = {}) {
      await Promise.resolve();
      yield range ? read(artifact).subarray(range.first, range.last + 1) : read(artifact);
    },
    remove: (lifetime, name) => Promise.resolve(void stored.delete(keyOf(lifetime, name))),
    listed: () => null,
    list: (lifetime, videoId) =>
      Promise.resolve(
        [...stored.keys()]
          .filter((key) => key.startsWith(`${lifetime}:`))
          .map((key) => key.slice(`${lifetime}:`.length))
          .filter((name) => videoId === undefined || name.startsWith(`${videoId}/`)),
      ),
    time: (lifetime, name) => Promise.resolve(stored.get(keyOf(lifetime, name))?.time ?? null),
    removeBroken: () => Promise.resolve(0),
  };
}
