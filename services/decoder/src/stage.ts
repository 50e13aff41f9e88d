import { Lifetime, Stage } from '@cinematica/pipeline';
import type { StageHandler } from '@cinematica/pipeline';
import type { StageModel } from '@cinematica/pipeline/model';
import { decode, unpackLatents } from '@cinematica/svd';

/**
 * The third stage: a segment's `latents` to `frames-0`, `frames-1`, …, a part for each decode chunk of the plan: RGB, 8
 * bits, `[count, height, width, 3]`. Each chunk that is done is kept, while the next one is decoded.
 */
export const createDecodeStage = (model: StageModel): StageHandler => ({
  stage: Stage.DECODE,
  fingerprint: model.fingerprint,
  async run({ plan, segment }, inputs, hooks) {
    const { saved, signal, draining } = hooks;
    const { data, ...size } = unpackLatents(await inputs.read(Stage.DENOISE, segment, 'latents', signal));
    const frame = size.channels * size.height * size.width;
    const chunks = plan.decodeChunks;
    const keep = async (index: number, frames: Uint8Array) => {
      await hooks.output(Lifetime.FRAMES, `frames-${index}`, frames);
      // Without parts: what has been put out is all that there is to keep.
      if (index + 1 < chunks.length) await hooks.save(index + 1, {});
    };
    let keeping = Promise.resolve();
    let first = 0;
    for (const [index, count] of chunks.entries()) {
      const latents = data.subarray(first * frame, (first + count) * frame);
      first += count;
      if (index < (saved?.step ?? 0)) continue;
      if (draining.aborted) {
        await keeping;
        throw draining.reason;
      }
      for await (const { data: frames } of decode(model, latents, size, count, signal)) {
        hooks.progress(index + 1, chunks.length);
        await keeping;
        keeping = keep(index, frames);
        // Whoever waits for it next is told.
        keeping.catch(() => undefined);
      }
    }
    await keeping;
  },
});
