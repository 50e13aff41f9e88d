import { PipelineStage, TaskState, VideoState } from '../messages.ts';
import type { Artifact, Lifetime, VideoRecord } from '../messages.ts';
import { LIFETIMES, stageName } from '../stages.ts';
import { findTask, isTerminal } from '../video/routing.ts';
import type { HousekeepingOptions } from './options.ts';

/** The names of the artifacts that a video still needs. A finished video needs its media, and its photo for a variation. */
export function neededArtifacts(record: VideoRecord): Set<string> {
  const needed: Artifact[] = record.photo ? [record.photo] : [];
  if (record.state === VideoState.DONE) {
    needed.push(...(findTask(record, { stage: PipelineStage.MUX, segment: 0 })?.outputs ?? []));
  } else if (!isTerminal(record)) {
    for (const { outputs, checkpoints } of record.tasks) {
      needed.push(...outputs, ...checkpoints.flatMap((saved) => [...saved.artifacts, ...saved.outputs]));
    }
  }
  return new Set(needed.map(({ name }) => name));
}

/** Whether a running attempt may have written the artifact. The record refers to it only after the next checkpoint. */
function belongsToRunningAttempt(record: VideoRecord, name: string): boolean {
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
 * Removes artifacts that no record refers to, and the remains of failed writes.
 * @returns how many artifacts were removed.
 */
export async function collectGarbage(
  options: Pick<HousekeepingOptions, 'table' | 'records' | 'artifacts' | 'settings'>,
  lifetimes: readonly Lifetime[] = LIFETIMES,
): Promise<number> {
  const { table, records, artifacts, settings } = options;
  let removed = 0;
  for (const lifetime of lifetimes) {
    const byVideo = Map.groupBy(await artifacts.list(lifetime), (name) => name.slice(0, name.indexOf('/')));
    for (const [video, names] of byVideo) {
      const seen = table.videos.get(video);
      if (seen && !names.some((name) => isGarbage(seen.record, name))) continue;
      // The table may lag, so the record itself decides.
      const stored = seen && (await records.get(seen.record));
      for (const name of names) {
        if (stored) {
          if (!isGarbage(stored.record, name)) continue;
        } else {
          // A photo is stored before its record, and the table may not have received a new record yet.
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

const isGarbage = (record: VideoRecord, name: string): boolean =>
  !neededArtifacts(record).has(name) && !belongsToRunningAttempt(record, name);
