import { isTerminal, PipelineStage } from '@cinematica/pipeline';
import { KILLED_ONCE_SEED } from '@cinematica/pipeline/testing';
import { outcome } from './support/row.ts';
import type { Family } from './support/row.ts';
import { startSumRun } from './support/sum-run.ts';

const STEPS = 25;
const CHECKPOINT_STEPS = 2;

export const resuming: Family = {
  rows: [
    {
      id: 'R12',
      what: 'steps that are computed again after SIGKILL at every step; videos with other bytes',
      target: `≤ ${CHECKPOINT_STEPS} (the interval of checkpoints); 0`,
    },
  ],
  async run() {
    await using run = await startSumRun({ settings: { ACK_WAIT_MS: 1_500 }, stepMilliseconds: 20 });
    const { system } = run;
    const plan = { segments: 1, frames: 4, steps: STEPS, checkpointSteps: CHECKPOINT_STEPS };
    const added = await Promise.all(
      Array.from({ length: STEPS }, (_, k) => system.add(`photo ${k}`, { ...plan, seed: KILLED_ONCE_SEED + k + 1 })),
    );
    await Promise.all(added.map(({ record }) => system.until(record, (stored) => isTerminal(stored.record), 200_000)));
    const faults = (await Promise.all(added.map(({ record }) => run.faultOf(record)))).filter((each) => each !== null);
    const lines = await run.steps();
    const redone = added.map(({ record: { videoId } }) => {
      const own = lines.filter((line) => line.startsWith(`${videoId} ${PipelineStage.DENOISE}/`));
      return own.length - STEPS;
    });
    const killed = redone.filter((count) => count > 0).length;
    const most = Math.max(...redone);
    const figure = `at most ${most}, ${redone.reduce((sum, count) => sum + count, 0)} in ${killed} kills; ${faults.length} of ${STEPS} videos differ`;
    return [outcome('R12', most <= CHECKPOINT_STEPS && faults.length === 0 && killed === STEPS, figure)];
  },
};
