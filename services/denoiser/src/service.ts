import { createBoundedQueue } from '@cinematica/pipeline';
import type { ComputeSlot } from '@cinematica/pipeline';
import { asRpcError } from '@cinematica/pipeline/model';
import type { StageModel } from '@cinematica/pipeline/model';
import { acquireSlot } from '@cinematica/pipeline/service';
import { float32ToBytes, splitIntoChunks } from '@cinematica/protocol';
import type { CallContext, ServiceHandlers } from '@cinematica/protocol';
import type { DenoiseResponseSchema, DenoiserService } from '@cinematica/protocol/stages';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { channelStatistics, denoise } from '@cinematica/svd';
import type { LatentSize } from '@cinematica/svd';
import { continueSegment } from './continue-segment.ts';
import { createPreviewer } from './previewer.ts';
import { readRequest } from './read-request.ts';
import type { DenoiseJob } from './read-request.ts';

type Response = Exclude<MessageInitShape<typeof DenoiseResponseSchema>, { readonly $typeName: string }>;

/** Events that may wait for a slow reader. Steps and previews are few and small. */
const MAX_EVENTS = 1_000;

/** The gRPC service of the stage. */
export const createDenoiserService = (
  model: StageModel,
  slot: ComputeSlot,
): ServiceHandlers<typeof DenoiserService> => ({
  async *denoise(request, context) {
    try {
      const job = readRequest(model, request);
      const { photo, settings } = job;
      const { channels, height, width } = photo;
      const latents = yield* denoiseInSlot(model, slot, job, context);
      yield { message: { case: 'statistics', value: statisticsOf(latents, photo) } };
      yield { message: { case: 'latents', value: { frames: settings.frames, channels, height, width } } };
      const frame = channels * height * width;
      for (let index = 0; index < settings.frames; index++) {
        const bytes = float32ToBytes(latents.subarray(index * frame, (index + 1) * frame));
        for (const value of splitIntoChunks(index, bytes)) yield { message: { case: 'chunk', value } };
      }
    } catch (error) {
      throw asRpcError(error);
    }
  },
});

function statisticsOf(latents: Float32Array, size: LatentSize) {
  const { mean, std, detail } = channelStatistics(latents, size);
  return { mean: [...mean], std: [...std], detail: [...detail] };
}

/**
 * Computes in the slot, and yields steps and previews meanwhile. A slow reader does not keep the slot, which is released
 * when the computation has ended.
 */
async function* denoiseInSlot(
  model: StageModel,
  slot: ComputeSlot,
  { photo, before, settings, previewEvery }: DenoiseJob,
  context: CallContext,
): AsyncGenerator<Response, Float32Array, undefined> {
  const release = await acquireSlot(slot, context);
  const events = createBoundedQueue<Response>(MAX_EVENTS);
  const left = new AbortController();
  const signal = AbortSignal.any([context.signal, left.signal]);
  const { width, height } = photo;
  const previewer = createPreviewer(
    photo,
    (step, _, image) => events.push({ message: { case: 'preview', value: { image, step, width, height } } }),
    // The caller decides how often a preview is made.
    0,
  );
  const { conditioning, finish } = continueSegment(model, photo, before);
  const compute = async () => {
    try {
      return await denoise(model, conditioning, settings, {
        signal,
        onStep({ step, steps, x0 }) {
          events.push({ message: { case: 'step', value: { step, steps } } });
          if (previewEvery > 0 && step % previewEvery === 0) previewer.show(step, x0);
        },
      });
    } finally {
      model.trim();
      release();
      try {
        await previewer.finish();
      } finally {
        events.end();
      }
    }
  };
  const result = compute();
  result.catch(() => undefined);
  try {
    yield* events;
    return finish(await result);
  } finally {
    left.abort();
  }
}
