import { setTimeout as delay } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { bucketStream, findTask, isTerminal, LIFETIMES, PipelineStage, VideoState } from '@cinematica/pipeline';
import type { StoredRecord } from '@cinematica/pipeline';
import { leftovers } from '../../test/support/leftovers.ts';
import { outcome } from './support/row.ts';
import type { Family } from './support/row.ts';
import { percent } from './support/statistics.ts';
import { startSumRun } from './support/sum-run.ts';
import type { SumRun } from './support/sum-run.ts';

const OUTPUT_KIB = 2_048;
const PHOTO_BYTES = 1_000_000;
const KILLED_SHARE = 0.3;

export const killedOutputs: Family = {
  rows: [
    {
      id: 'R16',
      what: 'chunks and objects that belong to no video after workers were killed during 30 % of their outputs',
      target: '0 after the garbage collection; store ≤ 1.1 × live bytes',
    },
  ],
  async run({ full }) {
    const videos = full ? 200 : 30;
    await using run = await startSumRun({
      settings: { ACK_WAIT_MS: 1_000, MAX_FAILURES: 1_000, MAX_REMAKES: 1_000, COLLECT_MS: 500 },
      stepMilliseconds: 5,
      workerEnv: { OUTPUT_KIB: String(OUTPUT_KIB), KILLED_OUTPUTS: String(KILLED_SHARE) },
    });
    const { system } = run;
    const plan = { segments: 1, frames: 4, steps: 2, checkpointSteps: 2 };
    const added: StoredRecord[] = [];
    for (let i = 0; i < videos; i++) added.push(await system.add(`photo ${i}`.padEnd(PHOTO_BYTES), plan));
    const ended = await Promise.all(
      added.map(({ record }) => system.until(record, (stored) => isTerminal(stored.record), 250_000)),
    );
    const failed = ended.filter(({ record }) => record.state !== VideoState.DONE).length;
    const attempts = ended.flatMap(({ record }) => record.tasks).reduce((sum, { attempt }) => sum + attempt, 0);
    const lost = attempts - ended.flatMap(({ record }) => record.tasks).length;
    const expected = { photos: videos, media: videos };
    const left = await untilEqual(run, expected);
    const orphans = Object.entries(left).reduce(
      (sum, [name, count]) => sum + Math.max(0, count - (name in expected ? videos : 0)),
      0,
    );
    const stored = await storedBytes(run);
    const live = ended.reduce((sum, each) => sum + liveBytes(each), 0);
    const figure = `${orphans} after ${lost} lost attempts in ${videos} videos; store ${percent(stored / live)} of live bytes; ${failed} videos failed`;
    return [outcome('R16', orphans === 0 && stored <= 1.1 * live && failed === 0, figure)];
  },
};

/** What is left once the garbage collection has run at least once more. */
async function untilEqual({ system, settings }: SumRun, expected: Record<string, number>) {
  for (let tries = 0; ; tries++) {
    const left = await leftovers(system);
    if (JSON.stringify(left) === JSON.stringify(expected) || tries === 20) return left;
    await delay(settings.ORPHAN_AGE_MS / 2);
  }
}

/** The bytes that the buckets take. */
async function storedBytes({ system }: SumRun): Promise<number> {
  const manager = await jetstreamManager(system.nats, { checkAPI: false });
  const infos = await Promise.all(LIFETIMES.map((lifetime) => manager.streams.info(bucketStream(lifetime))));
  return infos.reduce((sum, { state }) => sum + state.bytes, 0);
}

/** The bytes of a video's photo and media. */
function liveBytes({ record }: StoredRecord): number {
  const media = findTask(record, { stage: PipelineStage.MUX, segment: 0 })?.outputs ?? [];
  return [record.photo, ...media].reduce((sum, artifact) => sum + Number(artifact?.size ?? 0), 0);
}
