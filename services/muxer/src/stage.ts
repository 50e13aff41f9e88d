import { FailureReason, Lifetime, Stage, UnusableInputError } from '@cinematica/pipeline';
import type { Inputs, StageTask, StageHandler } from '@cinematica/pipeline';
import { pickSettings } from '@cinematica/settings';
import { readFile } from 'node:fs/promises';
import { filesToMake, makeFiles } from './files.ts';
import { keepLastFrame } from './last-frame.ts';
import { MediaError } from './media-request.ts';
import { shownFrames } from './shown-frames.ts';
import type { DecodedChunk } from './shown-frames.ts';

type Plan = StageTask['plan'];

/**
 * The last stage: encodes the `frames-…` of every segment into the files of the video. Each is a part with its name: `mp4`,
 * `poster`, `loop`, `webp`, `webm`; and `last-frame`, from which another video can continue.
 * @param threads the number of threads of each of ffmpeg's encoders.
 */
export const createMuxStage = (threads: number): StageHandler => ({
  stage: Stage.MUX,
  fingerprint: `ffmpeg ${process.arch} × ${threads}`,
  async run({ plan }, inputs, hooks) {
    // There is nothing to save when the process shuts down: the stage takes seconds and is repeated.
    const either = AbortSignal.any([hooks.signal, hooks.draining]);
    const names = filesToMake((name) => plan.outputs.includes(name) || (name === 'loop' && plan.loop));
    const { width, height, frames, conditioningFps: fps, frameRate: outputFps } = plan;
    const request = { width, height, frames, fps, outputFps, threads, settings: describePlan(plan) };
    const last = keepLastFrame(plan);
    const shown = shownFrames(plan, readChunks(plan, inputs, either), (count) => hooks.progress(count, frames));
    try {
      await makeFiles(
        names,
        last.follow(shown),
        request,
        async (files) => {
          for (const { name, file } of files) await hooks.output(Lifetime.MEDIA, name, await readFile(file));
          await hooks.output(Lifetime.MEDIA, 'last-frame', await last.png());
        },
        either,
      );
    } catch (error) {
      if (error instanceof MediaError) {
        throw new UnusableInputError(error.message, FailureReason.SETTING_UNSUPPORTED, { cause: error });
      }
      throw error;
    }
  },
});

/** The decoded chunks of a video, in order. Each is read while the one before it is encoded. */
async function* readChunks({ segments, decodeChunks }: Plan, inputs: Inputs, signal: AbortSignal) {
  const all = Array.from({ length: segments }, (_, segment) =>
    [...decodeChunks.keys()].map((chunk) => ({ segment, chunk })),
  );
  let coming: Promise<DecodedChunk> | undefined;
  for (const next of all.flat()) {
    const before = coming;
    const data = inputs.read(Stage.DECODE, next.segment, `frames-${next.chunk}`, signal);
    coming = data.then((bytes) => ({ ...next, data: bytes }));
    // The `await` below reports an error.
    coming.catch(() => undefined);
    if (before) yield await before;
  }
  if (coming) yield await coming;
}

/** The settings in the metadata of a file, under their names in the API. */
function describePlan(plan: Plan): Record<string, unknown> {
  const { model, width, height, sampler, loop } = plan;
  return {
    generator: 'Cinemática',
    model,
    size: `${width}x${height}`,
    ...pickSettings(plan),
    camera: plan.camera || 'auto',
    sampler,
    focus: { x: plan.focusX, y: plan.focusY, zoom: Math.max(1, plan.zoom) },
    loop,
  };
}
