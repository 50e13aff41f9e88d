import type { VideoRecord } from '../../domain/messages.ts';
import type { TaskQueue } from '../../domain/ports/task-queue.ts';
import { stageName } from '../../domain/stages.ts';
import type { TaskRef } from '../../domain/video/routing.ts';

/** A task queue that only notes what is published. Tests hand the tasks to workers themselves. */
export interface MemoryTaskQueue extends TaskQueue {
  /** What was published, in order: `v1 encode/0`, and the suffix for deduplication if there is one. */
  readonly published: readonly string[];
  readonly deadLetters: readonly { readonly task: string; readonly record: VideoRecord; readonly detail: string }[];
}

export function createMemoryTaskQueue(): MemoryTaskQueue {
  const published: string[] = [];
  const nameOf = ({ videoId }: VideoRecord, { stage, segment }: TaskRef) => `${videoId} ${stageName(stage)}/${segment}`;
  const deadLetters: MemoryTaskQueue['deadLetters'][number][] = [];
  return {
    published,
    deadLetters,
    publish(record, refs, dedupSuffix) {
      for (const ref of refs) {
        published.push([nameOf(record, ref), ...(dedupSuffix === undefined ? [] : [dedupSuffix])].join(' '));
      }
      return Promise.resolve();
    },
    deadLetter(record, ref, detail) {
      const task = nameOf(record, ref);
      if (!deadLetters.some((letter) => letter.task === task)) deadLetters.push({ task, record, detail });
      return Promise.resolve();
    },
    consume: () => ({ next: () => Promise.resolve(null) }),
  };
}
