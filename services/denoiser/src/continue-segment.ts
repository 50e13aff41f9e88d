import { channelStatistics, continueFrom, matchColorStatistics } from '@cinematica/svd';
import type { ChannelStatistics, Conditioning, Model } from '@cinematica/svd';

/** What a later segment goes on from. */
export interface SegmentBefore {
  /** Latents of the last frame of the segment before, `[channels, height, width]`. */
  readonly lastFrame: Float32Array;
  /** Of the first segment's latents; null where they are not known. */
  readonly first: ChannelStatistics | null;
}

/**
 * How a segment begins, and what is done to its latents once they are finished.
 *
 * A later one starts from the last *latents* of the one before, so that it need not wait for the decoder, and keeps the
 * photo's own embedding. Its colours are held here rather than after decoding: the segment after it then starts from held
 * ones, and nothing adds up.
 */
export function continueSegment({ checkpoint }: Model, photo: Conditioning, before: SegmentBefore | null) {
  if (!before) return { conditioning: photo, finish: (latents: Float32Array) => latents };
  const { lastFrame, first } = before;
  const previousFrame = channelStatistics(lastFrame, photo);
  return {
    conditioning: continueFrom(photo, lastFrame, checkpoint.vae.config.scaling_factor),
    finish: (latents: Float32Array) =>
      matchColorStatistics(latents, photo, { previousFrame, firstSegment: first ?? undefined }),
  };
}
