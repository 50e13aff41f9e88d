import { animatedWebp, preview } from '@cinematica/svd';
import type { Conditioning } from '@cinematica/svd';

/** Shows steps as they are done, without holding up the next. */
export interface Previewer {
  /** @param x0 the step's estimate of the clean latents, `[frames, channels, height, width]`. */
  show(step: number, x0: Float32Array): void;
  /** Shows the last one, if it has not been. */
  shown(): Promise<void>;
}

/** Of each frame of a preview, milliseconds. */
const FRAME_MS = 125;

/**
 * @param put told of each; one that comes too early, or while another is being encoded, gives way to the next.
 * @param every milliseconds from one to the next, at least: nobody sees more, and each takes time from the model.
 */
export function createPreviewer(
  photo: Conditioning,
  put: (step: number, mediaType: string, data: Uint8Array) => void,
  every: number,
): Previewer {
  let begun = -Infinity;
  let ending = false;
  let next: { step: number; x0: Float32Array } | null = null;
  let encoding: Promise<void> | null = null;

  async function encode(): Promise<void> {
    while (next && (ending || performance.now() - begun >= every)) {
      const { step, x0 } = next;
      next = null;
      begun = performance.now();
      // A preview that can't be made is none: it must not fail the video.
      await animatedWebp(preview(photo, x0), FRAME_MS).then(
        (data) => put(step, 'image/webp', data),
        () => undefined,
      );
    }
  }
  const start = () => (encoding ??= encode().finally(() => (encoding = null)));
  return {
    show(step, x0) {
      next = { step, x0 };
      void start();
    },
    async shown() {
      ending = true;
      await start();
    },
  };
}
