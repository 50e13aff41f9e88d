import { timestampMs } from '@bufbuild/protobuf/wkt';
import { isTerminal, PipelineStage, stageName, TaskState, VideoState } from '@cinematica/pipeline';
import type { Records, Revision, StageName, TaskRecord, VideoRecord, VideoRef } from '@cinematica/pipeline';

/** What the history of a video shows. */
export interface Story {
  readonly record: VideoRecord;
  /** Descriptions of violated guarantees. */
  readonly faults: readonly string[];
  readonly losses: readonly Loss[];
  /** The number of denoising attempts that resumed from a checkpoint. */
  readonly resumed: number;
  /** The numbers of steps that those attempts skipped and repeated. */
  readonly stepsKept: number;
  readonly stepsRedone: number;
}

/** A lost attempt, from its last heartbeat to the next attempt. Milliseconds since 1970. */
export interface Loss {
  readonly stage: StageName;
  readonly from: number;
  readonly to: number;
}

/** How many checkpoints may be lost at once. A save runs beside the next steps, and only the next save waits for it. */
const SAVES_AT_RISK = 2;

const nameOf = ({ stage, segment }: TaskRecord): string => `${stageName(stage)} ${segment}`;

/** Checks the history of a video, revision by revision. */
export async function readStory(records: Records, ref: VideoRef): Promise<Story> {
  const { videoId } = ref;
  const faults: string[] = [];
  const fault = (what: string) => void faults.push(`${videoId}: ${what}`);
  const losses: Loss[] = [];
  const commits = new Map<string, number>();
  // The first revisions of a very long history are no longer available.
  let whole = true;
  let [resumed, stepsKept, stepsRedone, endings] = [0, 0, 0, 0];
  let before: Revision | null = null;

  for (const { record, revision, time } of await records.history(ref)) {
    if (!before) whole = record.previousRevision === 0n;
    if (before && Number(record.previousRevision) !== before.revision) fault('a revision is missing');
    if (before && isTerminal(before.record)) fault('it was changed after its end');
    if (isTerminal(record)) endings++;
    for (const task of record.tasks) {
      const old = before?.record.tasks.find(({ stage, segment }) => stage === task.stage && segment === task.segment);
      if (task.state === TaskState.DONE && old?.state !== TaskState.DONE) {
        commits.set(nameOf(task), (commits.get(nameOf(task)) ?? 0) + 1);
      }
      if (!old || task.attempt === old.attempt) continue;
      if (task.attempt !== old.attempt + 1) fault(`${nameOf(task)}: an attempt is missing`);
      if (old.attempt === 0) continue;
      losses.push({ stage: stageName(task.stage), from: lastSign(old, before!.time), to: time });
      if (task.stage !== PipelineStage.DENOISE || task.remakes !== old.remakes) continue;
      if (task.claimedStep > 0) resumed++;
      stepsKept += task.claimedStep;
      const redone = Math.max(0, old.step - task.claimedStep);
      stepsRedone += redone;
      if (redone > SAVES_AT_RISK * record.plan!.checkpointSteps) fault(`${nameOf(task)}: ${redone} steps redone`);
      if (task.claimedStep < old.claimedStep) fault(`${nameOf(task)}: went back behind where it had begun`);
    }
    before = { record, revision, time };
  }

  if (!before) throw new Error(`there is no ${videoId}`);
  const { record } = before;
  if (record.state !== VideoState.DONE) fault(`it is not done: ${record.failure?.message ?? `state ${record.state}`}`);
  if (endings !== 1) fault(`it ended ${endings} times`);
  for (const task of record.tasks) {
    const times = commits.get(nameOf(task)) ?? 0;
    if (times > 1 + task.remakes || (whole && times < 1 + task.remakes)) {
      fault(`${nameOf(task)} was committed ${times} times, asked for ${1 + task.remakes}`);
    }
  }
  return { record, faults, losses, resumed, stepsKept, stepsRedone };
}

/** The last heartbeat of an attempt that has ended: a renewal of its lease, or the release of the task. */
function lastSign({ readyTime, startTime }: TaskRecord, changed: number): number {
  const times = [readyTime, startTime].map((time) => (time ? timestampMs(time) : 0));
  return Math.max(...times, changed);
}
