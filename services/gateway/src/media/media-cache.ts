import type { Artifact, Artifacts } from '@cinematica/pipeline';

/** A cache of files, because players request a file in many ranges. */
export interface MediaCache {
  /** Returns a file from the cache or the store. @throws MissingArtifactError, UnavailableError. */
  read(artifact: Artifact): Promise<Uint8Array>;
}

/** @param capacity the size of the cache. A larger file is not cached. Bytes. */
export function createMediaCache(artifacts: Pick<Artifacts, 'get'>, capacity: number): MediaCache {
  // In order of use: the least recently used file is the first.
  const cached = new Map<string, Uint8Array>();
  const reading = new Map<string, Promise<Uint8Array>>();
  let usedBytes = 0;

  function add(name: string, data: Uint8Array): void {
    if (data.length > capacity || cached.has(name)) return;
    cached.set(name, data);
    usedBytes += data.length;
    for (const [oldest, { length }] of cached) {
      if (usedBytes <= capacity) return;
      cached.delete(oldest);
      usedBytes -= length;
    }
  }

  return {
    async read(artifact) {
      const { name } = artifact;
      const found = cached.get(name);
      if (found) {
        cached.delete(name);
        cached.set(name, found);
        return found;
      }
      const data = reading.get(name) ?? artifacts.get(artifact).finally(() => reading.delete(name));
      reading.set(name, data);
      add(name, await data);
      return data;
    },
  };
}
