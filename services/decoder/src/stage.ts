import { Lifetime, PipelineStage } from '@cinematica/pipeline';
import type { StageHandler } from '@cinematica/pipeline';
import type { StageModel } from '@cinematica/pipeline/model';
import { decodeOneChunk, unpackLatents } from '@cinematica/svd';
import { createFramePreviewer } from './frame-previewer.ts';

/**
 * The third stage: decodes the `latents` of a segment into `frames-0`, `frames-1`, …, a part for each decode chunk of the
 * plan: RGB, 8 bits, `[count, height, width, 3]`. Each chunk is stored while the next one is decoded.
 */
export const createDecodeStage = (model: StageModel): StageHandler => ({
  stage: PipelineStage.DECODE,
  fingerprint: model.fingerprint,
  async run({ plan, segment }, inputs, hooks) {
    const { saved, signal, draining } = hooks;
    const { data, ...size } = unpackLatents(await inputs.read(PipelineStage.DENOISE, segment, 'latents', signal));
    const variant = model.withComponentsOf(plan.components);
    const chunks = plan.decodeChunks;
    const longest = Math.max(...chunks);
    const store = async (index: number, frames: Uint8Array) => {
      await hooks.output(Lifetime.FRAMES, `frames-${index}`, frames);
      // The checkpoint has no parts, because the outputs so far are saved with it.
      if (index + 1 < chunks.length) await hooks.save(index + 1, {});
    };
    const previewer = createFramePreviewer(plan, hooks);
    let storing = Promise.resolve();
    let first = 0;
    for (const [index, count] of chunks.entries()) {
      const chunk = { first, count, longest };
      first += count;
      if (index < (saved?.step ?? 0)) {
        previewer.skip(count);
        continue;
      }
      if (draining.aborted) {
        await storing;
        throw draining.reason;
      }
      const { data: frames } = await decodeOneChunk(variant, data, size, chunk, signal);
      hooks.progress(index + 1, chunks.length);
      previewer.show(frames, count);
      await storing;
      storing = store(index, frames);
      // If storing fails, the next `await storing` throws the error.
      storing.catch(() => undefined);
    }
    await storing;
  },
});
