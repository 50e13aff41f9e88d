import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { FailureReason, Lifetime, PipelineStage } from '../domain/messages.ts';
import type { Plan } from '../domain/messages.ts';
import type { Inputs, StageHandler, StageHooks, StageTask } from '../process/worker/stage-handler.ts';
import { UnusableInputError } from '../process/worker/stage-errors.ts';

/** Options of the stages for tests, which compute with bytes instead of images. */
export interface SumStagesOptions {
  /** The duration of a step, milliseconds. */
  readonly stepMilliseconds: number;
  /** Called with each computed step, so that a test sees what was computed again. */
  readonly onStep?: (task: StageTask, step: number) => void;
  /** The size of latents and frames. Default 64 KiB. Bytes. */
  readonly outputBytes?: number;
  /** The size of a second file of each video. Default 0, and there is none. Bytes. */
  readonly mediaBytes?: number;
}

/** Denoising with this seed kills the worker's process at step 3. */
export const DEADLY_SEED = 666;

/** Denoising with this seed plus `k` kills the worker's process when step `k` is computed for the first time. */
export const KILLED_ONCE_SEED = 1_000;

const OUTPUT_BYTES = 64 * 1024;
const fingerprint = 'sum';

/** Handlers of all four stages. The photo "unusable" cannot be encoded, and the photo "fails" cannot be decoded. */
export function sumStages({
  stepMilliseconds,
  onStep = () => undefined,
  outputBytes = OUTPUT_BYTES,
  mediaBytes = 0,
}: SumStagesOptions): StageHandler[] {
  const spread = (seed: Uint8Array) => spreadOver(outputBytes, seed);
  const pause = (hooks: StageHooks) => delay(stepMilliseconds, undefined, { signal: hooks.signal });

  const encode: StageHandler = {
    stage: PipelineStage.ENCODE,
    fingerprint,
    async run(task, inputs, hooks) {
      const photo = await inputs.photo();
      if (Buffer.from(photo).toString() === 'unusable')
        throw new UnusableInputError('This photo is not usable.', FailureReason.PHOTO_UNREADABLE);
      onStep(task, 1);
      await pause(hooks);
      hooks.progress(1, 1);
      await hooks.output(Lifetime.LATENTS, 'conditioning', photo);
    },
  };

  const denoise: StageHandler = {
    stage: PipelineStage.DENOISE,
    fingerprint,
    async run(task, inputs, hooks) {
      const { plan, segment } = task;
      const condition = await inputs.read(PipelineStage.ENCODE, 0, 'conditioning');
      const before = segment > 0 ? await inputs.read(PipelineStage.DENOISE, segment - 1, 'latents') : new Uint8Array();
      let latents = hooks.saved?.parts.get('latents') ?? spread(digest(condition, before, Uint8Array.of(segment)));
      for (let step = hooks.saved?.step ?? 0; step < plan.steps; step++) {
        onStep(task, step + 1);
        await pause(hooks);
        latents = spread(digest(latents, Uint8Array.of(step)));
        hooks.progress(step + 1, plan.steps);
        hooks.preview(step + 1, 'application/octet-stream', latents.subarray(0, 16));
        const draining = hooks.draining.aborted;
        if (draining || (step + 1) % plan.checkpointSteps === 0) await hooks.save(step + 1, { latents });
        if (draining) throw hooks.draining.reason;
      }
      await hooks.output(Lifetime.LATENTS, 'latents', latents);
    },
  };

  const decode: StageHandler = {
    stage: PipelineStage.DECODE,
    fingerprint,
    async run(task, inputs, hooks) {
      const { plan, segment } = task;
      if (Buffer.from(await inputs.read(PipelineStage.ENCODE, 0, 'conditioning')).toString() === 'fails') {
        throw new Error('it always fails');
      }
      const latents = await inputs.read(PipelineStage.DENOISE, segment, 'latents');
      for (let chunk = hooks.saved?.step ?? 0; chunk < plan.decodeChunks.length; chunk++) {
        onStep(task, chunk + 1);
        await pause(hooks);
        const frames = spread(digest(latents, Uint8Array.of(chunk)));
        await hooks.output(Lifetime.FRAMES, `frames-${chunk}`, frames);
        hooks.progress(chunk + 1, plan.decodeChunks.length);
        await hooks.save(chunk + 1, {});
      }
    },
  };

  const mux: StageHandler = {
    stage: PipelineStage.MUX,
    fingerprint,
    async run(task, inputs, hooks) {
      const frames = await readFrames(task.plan, inputs);
      onStep(task, 1);
      await pause(hooks);
      hooks.progress(1, 1);
      await hooks.output(Lifetime.MEDIA, 'mp4', digest(...frames));
      if (mediaBytes > 0) await hooks.output(Lifetime.MEDIA, 'loop', spreadOver(mediaBytes, digest(...frames)));
    },
  };
  return [encode, denoise, decode, mux];
}

async function readFrames({ segments }: Plan, inputs: Inputs): Promise<Uint8Array[]> {
  const frames: Uint8Array[] = [];
  for (let segment = 0; segment < segments; segment++) {
    for (const part of inputs.parts(PipelineStage.DECODE, segment)) {
      frames.push(await inputs.read(PipelineStage.DECODE, segment, part));
    }
  }
  return frames;
}

/** The result of a video, whatever interrupted it. */
export function expectedSum(
  photo: Uint8Array,
  { segments, steps, decodeChunks }: Plan,
  outputBytes = OUTPUT_BYTES,
): Uint8Array {
  const spread = (seed: Uint8Array) => spreadOver(outputBytes, seed);
  const frames: Uint8Array[] = [];
  let before = new Uint8Array();
  for (let segment = 0; segment < segments; segment++) {
    let latents = spread(digest(photo, before, Uint8Array.of(segment)));
    for (let step = 0; step < steps; step++) latents = spread(digest(latents, Uint8Array.of(step)));
    decodeChunks.forEach((_, chunk) => frames.push(spread(digest(latents, Uint8Array.of(chunk)))));
    before = latents;
  }
  return digest(...frames);
}

function digest(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}

/** Fills a buffer of this size with the seed. */
function spreadOver(bytes: number, seed: Uint8Array): Uint8Array<ArrayBuffer> {
  const wide = new Uint8Array(bytes);
  for (let at = 0; at < wide.length; at += seed.length) wide.set(seed, at);
  return wide;
}
