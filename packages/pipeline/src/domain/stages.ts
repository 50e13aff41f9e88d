import { Lifetime, PipelineStage } from './messages.ts';

/** The stages in the order in which a video passes through them. */
export const STAGES = [PipelineStage.ENCODE, PipelineStage.DENOISE, PipelineStage.DECODE, PipelineStage.MUX] as const;

/** The name of a stage in subjects, metrics and messages. */
export type StageName = 'encode' | 'denoise' | 'decode' | 'mux';

/** @throws RangeError when the stage is unknown. */
export function stageName(stage: PipelineStage): StageName {
  switch (stage) {
    case PipelineStage.ENCODE:
      return 'encode';
    case PipelineStage.DENOISE:
      return 'denoise';
    case PipelineStage.DECODE:
      return 'decode';
    case PipelineStage.MUX:
      return 'mux';
    case PipelineStage.UNSPECIFIED:
    default:
      throw new RangeError(`unknown stage ${stage}`);
  }
}

/** Every lifetime that an artifact can have. */
export const LIFETIMES = [Lifetime.PHOTO, Lifetime.LATENTS, Lifetime.FRAMES, Lifetime.MEDIA] as const;

/**
 * The bucket of NATS' object store, and the folder in S3, of the artifacts with a lifetime.
 * @throws RangeError when the lifetime is unknown.
 */
export function bucketName(lifetime: Lifetime): string {
  switch (lifetime) {
    case Lifetime.PHOTO:
      return 'photos';
    case Lifetime.LATENTS:
      return 'latents';
    case Lifetime.FRAMES:
      return 'frames';
    case Lifetime.MEDIA:
      return 'media';
    case Lifetime.UNSPECIFIED:
    default:
      throw new RangeError(`unknown lifetime ${lifetime}`);
  }
}
