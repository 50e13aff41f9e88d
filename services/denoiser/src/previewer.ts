import { animatedWebp, preview } from '@cinematica/svd';
import type { Conditioning } from '@cinematica/svd';

/** Makes previews of steps without delaying the next step. */
export interface Previewer {
  /** @param x0 the step's estimate of the clean latents, `[frames, channels, height, width]`. */
  show(step: number, x0: Float32Array): void;
  /** Waits until the preview of the last step has been made. */
  finish(): Promise<void>;
}

/** How long each frame of a preview is shown, milliseconds. */
const FRAME_MS = 125;

/**
 * @param put receives each preview. A step that comes too early, or while a preview is encoded, is replaced by the next.
 * @param interval the shortest interval between two previews, milliseconds. Each preview takes time from the model.
 */
export function createPreviewer(
  photo: Conditioning,
  put: (step: number, mediaType: string, data: Uint8Array) => void,
  interval: number,
): Previewer {
  let startedAt = -Infinity;
  let ending = false;
  let next: { step: number; x0: Float32Array } | null = null;
  let encoding: Promise<void> | null = null;

  async function encode(): Promise<void> {
    while (next && (ending || performance.now() - startedAt >= interval)) {
      const { step, x0 } = next;
      next = null;
      startedAt = performance.now();
      // A preview that fails must not fail the video.
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
    async finish() {
      ending = true;
      await start();
    },
  };
}
