import { Stage, TaskState } from '@cinematica/pipeline';
import type { ModelRef, StoredRecord, VideoTable } from '@cinematica/pipeline';

/** What the stages compute a model with, as far as the videos that were made with it tell: gateways call no stage. */
export interface SeenProviders {
  list(): string[];
  close(): void;
}

export function watchProviders(table: VideoTable, { digest }: ModelRef): SeenProviders {
  const seen = new Set<string>();

  function look({ record }: StoredRecord): void {
    if (record.plan?.modelDigest !== digest) return;
    for (const { stage, state, fingerprint } of record.tasks) {
      if (stage === Stage.MUX || state !== TaskState.DONE) continue;
      // A stage's fingerprint is its version, its provider, and what else its bytes depend on.
      const [, provider] = fingerprint.split(' ');
      if (provider !== undefined) seen.add(provider);
    }
  }

  for (const stored of table.videos.values()) look(stored);
  return {
    list: () => [...seen].sort(),
    close: table.subscribe(({ stored }) => {
      if (stored) look(stored);
    }),
  };
}
