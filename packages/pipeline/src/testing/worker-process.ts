/** A worker in its own process, for tests that kill it. Reads NATS_URL, STAGE, STEP_MS, STEPS_FILE and SETTINGS (JSON). */
import { appendFileSync } from 'node:fs';
import { PipelineStage } from '../domain/messages.ts';
import { stageName } from '../domain/stages.ts';
import { nameOf } from '../domain/video/routing.ts';
import { pipelineSettingsSchema } from '../domain/settings.ts';
import { createComputeSlot } from '../process/worker/compute-slot.ts';
import { startWorker } from '../process/worker/worker.ts';
import { DEADLY_SEED, sumStages } from './sum-stages.ts';
import { openTestSystem, TEST_MODEL } from './system.ts';

const { NATS_URL = '', STAGE = '', STEP_MS = '5', STEPS_FILE = '', SETTINGS = '{}' } = process.env;
const settings = pipelineSettingsSchema.parse(JSON.parse(SETTINGS));
const handlers = sumStages({
  stepMilliseconds: Number(STEP_MS),
  onStep(task, step) {
    appendFileSync(STEPS_FILE, `${task.videoId} ${nameOf(task)} ${step}\n`);
    if (task.plan.seed === DEADLY_SEED && task.stage === PipelineStage.DENOISE && step === 3)
      process.kill(process.pid, 'SIGKILL');
  },
});
const handler = handlers.find(({ stage }) => stageName(stage) === STAGE);
if (!handler) throw new Error(`unknown stage "${STAGE}"`);
const system = await openTestSystem(NATS_URL, STAGE, settings, (line) => process.stdout.write(line));
const worker = startWorker({ ...system, handler, model: TEST_MODEL, slot: createComputeSlot() });
process.once('SIGTERM', () => {
  void worker.drain().then(() => system.nats.close());
});
await worker.stopped;
