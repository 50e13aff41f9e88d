import { timestampMs } from '@bufbuild/protobuf/wkt';
import { setTimeout as delay } from 'node:timers/promises';
import { findTask, isTerminal, PipelineStage, VideoState } from '@cinematica/pipeline';
import type { StoredRecord } from '@cinematica/pipeline';
import { DEADLY_SEED } from '@cinematica/pipeline/testing';
import { outcome } from './support/row.ts';
import type { Family } from './support/row.ts';
import { ms, quantile } from './support/statistics.ts';
import { startSumRun } from './support/sum-run.ts';

const VIDEOS = 60;
const DEADLY_VIDEOS = 3;

export const poison: Family = {
  rows: [
    {
      id: 'R10',
      what: 'videos that kill their workers, and the time of the others',
      target: 'fail after 3 attempts; p95 of the others ≤ 1.2 ×',
    },
  ],
  async run() {
    const without = await makeVideos(0);
    const withDeadly = await makeVideos(DEADLY_VIDEOS);
    const share = withDeadly.p95 / without.p95;
    const rightEnd = withDeadly.attempts.every((attempts) => attempts === 3) && withDeadly.failed === DEADLY_VIDEOS;
    const figure = `${withDeadly.failed} of ${DEADLY_VIDEOS} failed, attempts ${withDeadly.attempts.join(', ')}; p95 ${ms(without.p95)} → ${ms(withDeadly.p95)}, ${share.toFixed(2)} ×`;
    return [outcome('R10', rightEnd && share <= 1.2, figure)];
  },
};

async function makeVideos(deadly: number) {
  await using run = await startSumRun({ settings: { ACK_WAIT_MS: 2_000 }, stepMilliseconds: 20 });
  const { system } = run;
  // The workers need a moment to start.
  await system.until((await system.add('first')).record, ({ record }) => isTerminal(record));
  const [others, killers]: [StoredRecord[], StoredRecord[]] = [[], []];
  for (let i = 0; i < VIDEOS; i++) {
    others.push(await system.add(`photo ${i}`, {}, `caller${i % 3}`));
    // The fourth attempt starts from a checkpoint after step 2, which counts as progress, unless none is saved.
    const plan = { seed: DEADLY_SEED, checkpointSteps: 100 };
    if (i % (VIDEOS / DEADLY_VIDEOS) === 5 && deadly > 0) killers.push(await system.add('deadly', plan, 'mallory'));
    await delay(500);
  }
  const finish = (stored: StoredRecord) => system.until(stored.record, ({ record }) => isTerminal(record), 60_000);
  const done = await Promise.all(others.map(finish));
  const dead = await Promise.all(killers.map(finish));
  const times = done.map(({ record }) => timestampMs(record.endTime!) - timestampMs(record.createTime!));
  if (done.some(({ record }) => record.state !== VideoState.DONE)) throw new Error('another video failed');
  return {
    p95: quantile(times, 0.95),
    failed: dead.filter(({ record }) => record.state === VideoState.FAILED).length,
    attempts: dead.map(({ record }) => findTask(record, { stage: PipelineStage.DENOISE, segment: 0 })?.attempt ?? 0),
  };
}
