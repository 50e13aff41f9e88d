import { channelStatistics, continueFrom, matchColorStatistics } from '@cinematica/svd';
import type { ChannelStatistics, Conditioning, Model } from '@cinematica/svd';

/** What a later segment continues from. */
export interface SegmentBefore {
  /** The latents of the previous segment's last frame, `[channels, height, width]`. */
  readonly lastFrame: Float32Array;
  /** The statistics of the first segment's latents; null when unknown. */
  readonly first: ChannelStatistics | null;
}

/**
 * The conditioning of a segment, and a function that finishes its latents.
 *
 * A later segment starts from the last *latents* of the previous one, so that it does not wait for the decoder, and keeps
 * the photo's embedding. Its colours are corrected here and not after decoding, so that the next segment starts from
 * corrected latents and errors do not accumulate.
 */
export function continueSegment(
  { checkpoint }: Pick<Model, 'checkpoint'>,
  photo: Conditioning,
  before: SegmentBefore | null,
) {
  if (!before) return { conditioning: photo, finish: (latents: Float32Array) => latents };
  const { lastFrame, first } = before;
  const previousFrame = channelStatistics(lastFrame, photo);
  return {
    conditioning: continueFrom(photo, lastFrame, checkpoint.vae.config.scaling_factor),
    finish: (latents: Float32Array) =>
      matchColorStatistics(latents, photo, { previousFrame, firstSegment: first ?? undefined }),
  };
}
