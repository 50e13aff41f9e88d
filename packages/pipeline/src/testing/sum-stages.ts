import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { FailureReason, Lifetime, Stage as StageKind } from '../messages.ts';
import type { Plan } from '../messages.ts';
import type { Inputs, Stage, StageHooks, StageTask } from '../worker/stage.ts';
import { UnusableInputError } from '../worker/stage.ts';

/** Stages for tests that compute with bytes in place of pictures, at the pace that they are told. */
export interface SumStagesOptions {
  /** Of every step, milliseconds. */
  readonly stepMilliseconds: number;
  /** Told of each step that is computed, so that a test sees what was computed again. */
  readonly onStep?: (task: StageTask, step: number) => void;
}

/** Denoising with this seed kills the process of a worker, in step 3, each time. */
export const DEADLY_SEED = 666;

const LATENT_BYTES = 64 * 1024;
const fingerprint = 'sum';

/** All four stages. A photo of the text "unusable" can't be encoded, one of "fails" can't be decoded. */
export function sumStages({ stepMilliseconds, onStep = () => undefined }: SumStagesOptions): Stage[] {
  const pause = (hooks: StageHooks) => delay(stepMilliseconds, undefined, { signal: hooks.signal });

  const encode: Stage = {
    stage: StageKind.ENCODE,
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

  const denoise: Stage = {
    stage: StageKind.DENOISE,
    fingerprint,
    async run(task, inputs, hooks) {
      const { plan, segment } = task;
      const condition = await inputs.read(StageKind.ENCODE, 0, 'conditioning');
      const before = segment > 0 ? await inputs.read(StageKind.DENOISE, segment - 1, 'latents') : new Uint8Array();
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

  const decode: Stage = {
    stage: StageKind.DECODE,
    fingerprint,
    async run(task, inputs, hooks) {
      const { plan, segment } = task;
      if (Buffer.from(await inputs.read(StageKind.ENCODE, 0, 'conditioning')).toString() === 'fails') {
        throw new Error('it always fails');
      }
      const latents = await inputs.read(StageKind.DENOISE, segment, 'latents');
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

  const mux: Stage = {
    stage: StageKind.MUX,
    fingerprint,
    async run(task, inputs, hooks) {
      const frames = await readFrames(task.plan, inputs);
      onStep(task, 1);
      await pause(hooks);
      hooks.progress(1, 1);
      await hooks.output(Lifetime.MEDIA, 'mp4', digest(...frames));
    },
  };
  return [encode, denoise, decode, mux];
}

async function readFrames({ segments }: Plan, inputs: Inputs): Promise<Uint8Array[]> {
  const frames: Uint8Array[] = [];
  for (let segment = 0; segment < segments; segment++) {
    for (const part of inputs.parts(StageKind.DECODE, segment)) {
      frames.push(await inputs.read(StageKind.DECODE, segment, part));
    }
  }
  return frames;
}

/** What a video of a photo must come to, whatever happened on the way. */
export function expectedSum(photo: Uint8Array, { segments, steps, decodeChunks }: Plan): Uint8Array {
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

/** As large as small latents are. */
function spread(seed: Uint8Array): Uint8Array<ArrayBuffer> {
  const wide = new Uint8Array(LATENT_BYTES);
  for (let at = 0; at < wide.length; at += seed.length) wide.set(seed, at);
  return wide;
}
