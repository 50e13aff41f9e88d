import { Stage, TaskState, VideoState } from '../messages.ts';
import type { Artifact, VideoRecord } from '../messages.ts';
import { LIFETIMES, stageName } from '../names.ts';
import { findTask, isTerminal } from '../routing.ts';
import type { CaretakerParts } from './caretaker.ts';

/** The artifacts that a video needs, now or later. Of a finished one: its media, and its photo to make another from. */
export function wantedArtifacts(record: VideoRecord): Set<string> {
  const wanted: Artifact[] = record.photo ? [record.photo] : [];
  if (record.state === VideoState.DONE) {
    wanted.push(...(findTask(record, { stage: Stage.MUX, segment: 0 })?.outputs ?? []));
  } else if (!isTerminal(record)) {
    for (const { outputs, checkpoints } of record.tasks) {
      wanted.push(...outputs, ...checkpoints.flatMap((saved) => [...saved.artifacts, ...saved.outputs]));
    }
  }
  return new Set(wanted.map(({ name }) => name));
}

/** Whether an attempt that is under way may have written it: its record will refer to it only later. */
function isUnderWay(record: VideoRecord, name: string): boolean {
  const [, segment, stage, attempt] = name.split('/');
  return (
    !isTerminal(record) &&
    record.tasks.some(
      (task) =>
        task.state === TaskState.RUNNING &&
        String(task.segment) === segment &&
        stageName(task.stage) === stage &&
        String(task.attempt) === attempt,
    )
  );
}

/**
 * Removes artifacts that no record refers to, and what broken writes left behind.
 * @returns how many.
 */
export async function collect({ table, records, artifacts, settings }: CaretakerParts): Promise<number> {
  let removed = 0;
  for (const lifetime of LIFETIMES) {
    const byVideo = Map.groupBy(await artifacts.list(lifetime), (name) => name.slice(0, name.indexOf('/')));
    for (const [video, names] of byVideo) {
      const seen = table.videos.get(video);
      if (seen && !names.some((name) => isRubbish(seen.record, name))) continue;
      // The watch is a moment behind: what counts is the record itself.
      const stored = seen && (await records.get(seen.record));
      for (const name of names) {
        if (stored) {
          if (!isRubbish(stored.record, name)) continue;
        } else {
          // A photo is stored before its video is, and a video may be one that the watch has not seen yet.
          const time = await artifacts.time(lifetime, name);
          if (time === null || Date.now() - time < settings.ORPHAN_AGE_MS) continue;
        }
        await artifacts.remove(lifetime, name);
        removed++;
      }
    }
    removed += await artifacts.removeBroken(lifetime, settings.ORPHAN_AGE_MS);
  }
  return removed;
}

const isRubbish = (record: VideoRecord, name: string): boolean =>
  !wantedArtifacts(record).has(name) && !isUnderWay(record, name);
