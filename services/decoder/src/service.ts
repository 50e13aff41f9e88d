import type { ComputeSlot } from '@cinematica/pipeline';
import { asRpcError, checkModel } from '@cinematica/pipeline/model';
import type { StageModel } from '@cinematica/pipeline/model';
import { acquireSlot, readStream } from '@cinematica/pipeline/service';
import { bytesToFloat32, refuseFields, splitIntoChunks } from '@cinematica/protocol';
import type { CallContext, ServiceHandlers } from '@cinematica/protocol';
import { PixelFormat } from '@cinematica/protocol/stages';
import type { DecoderService, DecodeStart } from '@cinematica/protocol/stages';
import { decode, decodeChunks } from '@cinematica/svd';
import type { FrameChunk, LatentSize } from '@cinematica/svd';

const MAX_PIXELS = 4_194_304;

/**
 * The gRPC service of the stage. It reads, decodes and sends one chunk of frames before it reads the next one. No more of a
 * video is kept in memory, and a slow sender or reader does not keep the slot.
 */
export const createDecoderService = (model: StageModel, slot: ComputeSlot): ServiceHandlers<typeof DecoderService> => ({
  async *decode(requests, context) {
    try {
      const { start, items } = await readStream(requests);
      const { frames, ...size } = checkStart(model, start);
      const { scaleFactor } = model.checkpoint.vae;
      const [width, height] = [size.width * scaleFactor, size.height * scaleFactor];
      yield { message: { case: 'frames', value: { frames, width, height, pixelFormat: PixelFormat.RGB8 } } };

      const latents = items(frames, 4 * size.channels * size.height * size.width);
      const together = start.framesTogether ?? model.checkpoint.card.decodeChunk;
      for (const { first, count } of decodeChunks(frames, together)) {
        const data = await readLatents(latents, count);
        const chunk = await decodeOne(model, slot, data, size, context);
        const frame = width * height * 3;
        for (let index = 0; index < count; index++) {
          const pixels = chunk.data.subarray(index * frame, (index + 1) * frame);
          for (const value of splitIntoChunks(first + index, pixels)) yield { message: { case: 'chunk', value } };
        }
      }
      // Reports chunks that are too many.
      await latents.next();
    } catch (error) {
      throw asRpcError(error);
    } finally {
      model.trim();
    }
  },
});

function checkStart(model: StageModel, { model: asked, latents }: DecodeStart) {
  checkModel(asked, model.ref.name, 'start.model');
  const { frames, channels, height, width } = latents!;
  const { config, scaleFactor } = model.checkpoint.vae;
  if (channels !== config.latent_channels) {
    throw wrong('start.latents.channels', `must be the model's ${config.latent_channels}`);
  }
  if (width * height * scaleFactor ** 2 > MAX_PIXELS) {
    throw wrong('start.latents', `width times height must be at most ${MAX_PIXELS / scaleFactor ** 2}`);
  }
  return { frames, channels, height, width };
}

async function readLatents(items: AsyncGenerator<Uint8Array, void, undefined>, count: number): Promise<Float32Array> {
  const frames: Uint8Array[] = [];
  while (frames.length < count) {
    const { done, value } = await items.next();
    if (done === true) break;
    frames.push(value);
  }
  return bytesToFloat32(Buffer.concat(frames));
}

async function decodeOne(
  model: StageModel,
  slot: ComputeSlot,
  latents: Float32Array,
  size: LatentSize,
  context: CallContext,
): Promise<FrameChunk> {
  const count = latents.length / (size.channels * size.height * size.width);
  const release = await acquireSlot(slot, context);
  try {
    const { value: chunk } = await decode(model, latents, size, count, context.signal).next();
    if (!chunk) throw new TypeError('the decoder gave no frames');
    return chunk;
  } finally {
    release();
  }
}

const wrong = (field: string, description: string) => refuseFields([{ field, description }]);
