import { modelRate } from '@cinematica/pipeline';
import type { StageHooks, StageTask } from '@cinematica/pipeline';
import { animatedWebp } from '@cinematica/svd';
import { resizeImage } from '@cinematica/svd/image';
import type { RgbImage } from '@cinematica/svd/image';

/** The longer side of a preview, pixels. */
const SIDE = 320;
/** The most frames of a preview. With more, every second, fourth, … frame is shown. */
const MAX_FRAMES = 24;

/** Shows the frames that have been decoded so far. */
export interface FramePreviewer {
  /** Passes over frames that an earlier attempt decoded. They are not shown. */
  skip(count: number): void;
  /** Adds a chunk: RGB, 8 bits, `[count, height, width, 3]`. Returns at once; the preview is made beside the next chunk. */
  show(chunk: Uint8Array, count: number): void;
}

/** Publishes a preview after each chunk of a segment, with all frames so far, in the speed of the video. */
export function createFramePreviewer(plan: StageTask['plan'], hooks: Pick<StageHooks, 'preview'>): FramePreviewer {
  const { width, height, segmentFrames, steps } = plan;
  const every = Math.ceil(segmentFrames / MAX_FRAMES);
  const scale = Math.min(1, SIDE / Math.max(width, height));
  const size = { width: Math.round(width * scale), height: Math.round(height * scale) };
  const frames: RgbImage[] = [];
  let decodedFrames = 0;
  let making = Promise.resolve();

  async function make(chunk: Uint8Array, first: number, count: number): Promise<void> {
    const bytes = width * height * 3;
    for (let index = 0; index < count; index++) {
      if ((first + index) % every !== 0) continue;
      frames.push(await resizeImage({ width, height, data: chunk.subarray(index * bytes, (index + 1) * bytes) }, size));
    }
    const image = await animatedWebp(frames, Math.round((1000 * every) / modelRate(plan)));
    hooks.preview(steps, 'image/webp', image, { ...size, decodedFrames: first + count });
  }

  return {
    skip(count) {
      decodedFrames += count;
    },
    show(chunk, count) {
      const first = decodedFrames;
      decodedFrames += count;
      // A preview that fails must not fail the video.
      making = making.then(() => make(chunk, first, count)).catch(() => undefined);
    },
  };
}
