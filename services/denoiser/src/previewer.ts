import { animatedWebp, preview } from '@cinematica/svd';
import type { Conditioning } from '@cinematica/svd';

/** Shows steps as they are done, without holding up the next. */
export interface Previewer {
  /** @param x0 the step's estimate of the clean latents, `[frames, channels, height, width]`. */
  show(step: number, x0: Float32Array): void;
  /** Resolves when the last one has been shown. */
  shown(): Promise<void>;
}

/** Of each frame of a preview, milliseconds. */
const FRAME_MS = 125;

/** @param put told of each; one that comes while another is being encoded takes its place in the queue. */
export function createPreviewer(
  photo: Conditioning,
  put: (step: number, mediaType: string, data: Uint8Array) => void,
): Previewer {
  let next: { step: number; x0: Float32Array } | null = null;
  let encoding: Promise<void> | null = null;

  async function encode(): Promise<void> {
    while (next) {
      const { step, x0 } = next;
      next = null;
      // A preview that can't be made is none: it must not fail the video.
      await animatedWebp(preview(photo, x0), FRAME_MS).then(
        (data) => put(step, 'image/webp', data),
        () => undefined,
      );
    }
  }
  return {
    show(step, x0) {
      next = { step, x0 };
      encoding ??= encode().finally(() => (encoding = null));
    },
    shown: async () => encoding ?? undefined,
  };
}
