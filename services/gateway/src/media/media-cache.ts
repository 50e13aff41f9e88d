import type { Artifact, Artifacts } from '@cinematica/pipeline';

/** Files that were read lately: players ask for one in many pieces. */
export interface MediaCache {
  /** @throws MissingArtifactError, UnavailableError */
  read(artifact: Artifact): Promise<Uint8Array>;
}

/** @param room in memory, bytes. What is larger is read, and not kept. */
export function createMediaCache(artifacts: Pick<Artifacts, 'get'>, room: number): MediaCache {
  // The least lately used first.
  const kept = new Map<string, Uint8Array>();
  const reading = new Map<string, Promise<Uint8Array>>();
  let held = 0;

  function keep(name: string, data: Uint8Array): void {
    if (data.length > room || kept.has(name)) return;
    kept.set(name, data);
    held += data.length;
    for (const [oldest, { length }] of kept) {
      if (held <= room) return;
      kept.delete(oldest);
      held -= length;
    }
  }

  return {
    async read(artifact) {
      const { name } = artifact;
      const found = kept.get(name);
      if (found) {
        kept.delete(name);
        kept.set(name, found);
        return found;
      }
      const data = reading.get(name) ?? artifacts.get(artifact).finally(() => reading.delete(name));
      reading.set(name, data);
      keep(name, await data);
      return data;
    },
  };
}
