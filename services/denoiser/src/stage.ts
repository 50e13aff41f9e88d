import { Lifetime, PipelineStage } from '@cinematica/pipeline';
import type { Inputs, SavedState, StageTask, StageHandler } from '@cinematica/pipeline';
import type { StageModel } from '@cinematica/pipeline/model';
import { segmentSettings } from '@cinematica/pipeline/plan';
import { channelStatistics, denoise, packLatents, unpackConditioning, unpackLatents } from '@cinematica/svd';
import type { Latents, Resume, Step } from '@cinematica/svd';
import { continueSegment } from './continue-segment.ts';
import { createPreviewer } from './previewer.ts';

/** The shortest interval between two previews, milliseconds. */
const PREVIEW_MS = 250;

/** The parts of a checkpoint: the latents, and those after which the steps are computed by `Model.safe`. */
const [LATENTS, SAFE_LATENTS] = ['latents', 'safe-latents'];

/**
 * The second stage: denoises a segment into `latents`, from `conditioning` and, for a later segment, from the `latents` of
 * the previous and of the first segment. It saves a checkpoint every few steps.
 */
export const createDenoiseStage = (model: StageModel): StageHandler => ({
  stage: PipelineStage.DENOISE,
  fingerprint: model.fingerprint,
  async run(task, inputs, hooks) {
    const { plan, segment } = task;
    const { signal, draining } = hooks;
    const photo = unpackConditioning(await inputs.read(PipelineStage.ENCODE, 0, 'conditioning', signal));
    const { conditioning, finish } = continueSegment(model, photo, await readPrevious(task, inputs, signal));
    const previewer = createPreviewer(photo, (...shown) => hooks.preview(...shown), PREVIEW_MS);

    // A checkpoint is saved while the next steps run. Only the next save waits for it.
    let saving = Promise.resolve();
    let savedStep = hooks.saved?.step ?? 0;
    const onStep = async ({ step, steps, resumable, latents, x0, safe }: Step) => {
      hooks.progress(step, steps);
      previewer.show(step, x0);
      if (!resumable) return;
      if (!draining.aborted && (step === steps || step - savedStep < plan.checkpointSteps)) return;
      savedStep = step;
      await saving;
      saving = hooks.save(step, { [safe ? SAFE_LATENTS : LATENTS]: packLatents(latents, photo) });
      // If saving fails, the next `await saving` throws the error.
      saving.catch(() => undefined);
      if (!draining.aborted) return;
      await saving;
      throw draining.reason;
    };
    const latents = await denoise(
      model.withComponentsOf(plan.components),
      conditioning,
      segmentSettings(plan, segment),
      {
        onStep,
        resumeFrom: resumeFrom(hooks.saved),
        signal,
      },
    );
    await saving;
    const packed = packLatents(finish(latents), photo);
    await Promise.all([hooks.output(Lifetime.LATENTS, 'latents', packed), previewer.finish()]);
  },
});

/** What a later segment continues from; null for the first segment. */
async function readPrevious({ segment }: StageTask, inputs: Inputs, signal: AbortSignal) {
  if (segment === 0) return null;
  const read = async (of: number): Promise<Latents> =>
    unpackLatents(await inputs.read(PipelineStage.DENOISE, of, 'latents', signal));
  const before = await read(segment - 1);
  const first = segment === 1 ? before : await read(0);
  return {
    lastFrame: before.data.subarray(before.data.length - before.data.length / before.frames),
    first: channelStatistics(first.data, first),
  };
}

function resumeFrom(saved: SavedState | null): Resume | undefined {
  const safe = saved?.parts.get(SAFE_LATENTS);
  const latents = safe ?? saved?.parts.get(LATENTS);
  if (!saved || !latents) return undefined;
  return { step: saved.step, latents: unpackLatents(latents).data, safe: safe !== undefined };
}
