import { Lifetime, PipelineStage } from '@cinematica/pipeline';
import type { StageHandler } from '@cinematica/pipeline';
import type { StageModel } from '@cinematica/pipeline/model';
import { encode, loadImage, packConditioning } from '@cinematica/svd';

/** The first stage: encodes the photo into `conditioning`, everything that the denoiser needs of it. */
export const createEncodeStage = (model: StageModel): StageHandler => ({
  stage: PipelineStage.ENCODE,
  fingerprint: model.fingerprint,
  async run({ plan }, inputs, hooks) {
    // The stage is a single step, so there is nothing to save when the process shuts down.
    const either = AbortSignal.any([hooks.signal, hooks.draining]);
    const photo = await loadImage(await inputs.photo(either), { name: 'the photo' }, either);
    const { width, height, noiseAugStrength, seed, focusX: x, focusY: y, zoom } = plan;
    const settings = { width, height, noiseAugStrength, seed, focus: { x, y, zoom: Math.max(1, zoom) } };
    const conditioning = await encode(model, photo, settings, either);
    hooks.progress(1, 1);
    await hooks.output(Lifetime.LATENTS, 'conditioning', packConditioning(conditioning));
  },
});
