/**
 * A worker in its own process, for tests that kill it. Reads NATS_URL, STAGE, STEP_MS, STEPS_FILE, SETTINGS (JSON), and
 * optionally MODEL (name and digest as JSON), OUTPUT_KIB (the size of latents and frames), MEDIA_KIB (that of a second file) and KILLED_OUTPUTS (the share of
 * outputs during which the process kills itself, 0 to 1).
 */
import { appendFileSync, readFileSync } from 'node:fs';
import { PipelineStage } from '../domain/messages.ts';
import { stageName } from '../domain/stages.ts';
import { nameOf } from '../domain/video/routing.ts';
import { pipelineSettingsSchema } from '../domain/settings.ts';
import { createComputeSlot } from '../process/worker/compute-slot.ts';
import { startWorker } from '../process/worker/worker.ts';
import type { StageHandler } from '../process/worker/stage-handler.ts';
import type { ModelRef } from '../domain/model-ref.ts';
import { DEADLY_SEED, KILLED_ONCE_SEED, sumStages } from './sum-stages.ts';
import { openTestSystem, TEST_MODEL } from './system.ts';

const { NATS_URL = '', STAGE = '', STEP_MS = '5', STEPS_FILE = '', SETTINGS = '{}' } = process.env;
const { MODEL = JSON.stringify(TEST_MODEL), OUTPUT_KIB = '64', MEDIA_KIB = '0', KILLED_OUTPUTS = '0' } = process.env;
const settings = pipelineSettingsSchema.parse(JSON.parse(SETTINGS));
const handlers = sumStages({
  stepMilliseconds: Number(STEP_MS),
  outputBytes: Number(OUTPUT_KIB) * 1024,
  mediaBytes: Number(MEDIA_KIB) * 1024,
  onStep(task, step) {
    const line = `${task.videoId} ${nameOf(task)} ${step}\n`;
    const isFirst = task.plan.seed !== KILLED_ONCE_SEED + step || !readFileSync(STEPS_FILE, 'utf8').includes(line);
    appendFileSync(STEPS_FILE, line);
    if (task.stage === PipelineStage.DENOISE && task.plan.seed === KILLED_ONCE_SEED + step && isFirst)
      process.kill(process.pid, 'SIGKILL');
    if (task.plan.seed === DEADLY_SEED && task.stage === PipelineStage.DENOISE && step === 3)
      process.kill(process.pid, 'SIGKILL');
  },
});
const handler = handlers.find(({ stage }) => stageName(stage) === STAGE);
if (!handler) throw new Error(`unknown stage "${STAGE}"`);
const system = await openTestSystem(NATS_URL, STAGE, settings, (line) => process.stdout.write(line));
const worker = startWorker({
  ...system,
  handler: diesWhileStoring(handler),
  model: JSON.parse(MODEL) as ModelRef,
  slot: createComputeSlot(),
});
process.once('SIGTERM', () => {
  void worker.drain().then(() => system.nats.close());
});
await worker.stopped;

/** Kills this process during some of the outputs. */
function diesWhileStoring(inner: StageHandler): StageHandler {
  return {
    ...inner,
    run: (task, inputs, hooks) =>
      inner.run(task, inputs, {
        ...hooks,
        output(lifetime, part, data) {
          if (Math.random() < Number(KILLED_OUTPUTS)) {
            setTimeout(() => process.kill(process.pid, 'SIGKILL'), 10 * Math.random());
          }
          return hooks.output(lifetime, part, data);
        },
      }),
  };
}
