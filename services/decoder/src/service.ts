import type { ComputeSlot } from '@cinematica/pipeline';
import { asRpcError, checkModel } from '@cinematica/pipeline/model';
import type { StageModel } from '@cinematica/pipeline/model';
import { acquireSlot, readStream } from '@cinematica/pipeline/service';
import { bytesToFloat32, refuseFields, splitIntoChunks } from '@cinematica/protocol';
import type { CallContext, ServiceHandlers } from '@cinematica/protocol';
import { PixelFormat } from '@cinematica/protocol/stages';
import type { DecoderService, DecodeStart } from '@cinematica/protocol/stages';
import { decodeChunks, decodeOneChunk } from '@cinematica/svd';
import type { ChunkToDecode, FrameChunk, LatentSize } from '@cinematica/svd';

const MAX_PIXELS = 4_194_304;

/**
 * The gRPC service of the stage. It reads, decodes and sends one chunk of frames before it reads the next one. No more of a
 * video is kept in memory than the longest chunk, and a slow sender or reader does not keep the slot.
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
      const chunks = decodeChunks(frames, together);
      const longest = Math.max(...chunks.map(({ count }) => count));
      // The latents of the newest frames: those of the chunk, and of the frames before it that the model may decode again.
      let recent = new Float32Array();
      for (const { first, count } of chunks) {
        recent = append(recent, await readLatents(latents, count), longest * size.channels * size.height * size.width);
        const chunk = await decodeInSlot(model, slot, recent, size, { count, longest }, context);
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
      trimIfFree(model, slot);
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

/** The last `length` elements of both. */
function append(before: Float32Array, next: Float32Array, length: number): Float32Array<ArrayBuffer> {
  const both = new Float32Array(before.length + next.length);
  both.set(before);
  both.set(next, before.length);
  return both.slice(Math.max(0, both.length - length));
}

async function decodeInSlot(
  model: StageModel,
  slot: ComputeSlot,
  latents: Float32Array,
  size: LatentSize,
  { count, longest }: Pick<ChunkToDecode, 'count' | 'longest'>,
  context: CallContext,
): Promise<FrameChunk> {
  const first = latents.length / (size.channels * size.height * size.width) - count;
  const release = await acquireSlot(slot, context);
  try {
    return await decodeOneChunk(model, latents, size, { first, count, longest }, context.signal);
  } finally {
    release();
  }
}

/** Gives back memory at the end of a call, which does not hold the slot then. Whoever holds it gives memory back at its own end. */
function trimIfFree(model: Pick<StageModel, 'trim'>, slot: ComputeSlot): void {
  const release = slot.tryAcquire();
  if (!release) return;
  model.trim();
  release();
}

const wrong = (field: string, description: string) => refuseFields([{ field, description }]);
