/** A worker in a process of its own, for tests that kill it: NATS_URL, STAGE, STEP_MS, STEPS_FILE, SETTINGS (JSON). */
import { appendFileSync } from 'node:fs';
import { Stage } from '../messages.ts';
import { stageName } from '../names.ts';
import { nameOf } from '../routing.ts';
import { pipelineSettingsSchema } from '../settings.ts';
import { createComputeSlot } from '../worker/compute-slot.ts';
import { startWorker } from '../worker/worker.ts';
import { DEADLY_SEED, sumStages } from './sum-stages.ts';
import { openTestSystem, TEST_MODEL } from './system.ts';

const { NATS_URL = '', STAGE = '', STEP_MS = '5', STEPS_FILE = '', SETTINGS = '{}' } = process.env;
const settings = pipelineSettingsSchema.parse(JSON.parse(SETTINGS));
const stages = sumStages({
  stepMilliseconds: Number(STEP_MS),
  onStep(task, step) {
    appendFileSync(STEPS_FILE, `${task.videoId} ${nameOf(task)} ${step}\n`);
    if (task.plan.seed === DEADLY_SEED && task.stage === Stage.DENOISE && step === 3)
      process.kill(process.pid, 'SIGKILL');
  },
});
const stage = stages.find((each) => stageName(each.stage) === STAGE);
if (!stage) throw new Error(`there is no stage "${STAGE}"`);
const system = await openTestSystem(NATS_URL, STAGE, settings, (line) => process.stdout.write(line));
const worker = startWorker({ ...system, stage, model: TEST_MODEL, slot: createComputeSlot() });
process.once('SIGTERM', () => {
  void worker.drain().then(() => system.nats.close());
});
await worker.stopped;
