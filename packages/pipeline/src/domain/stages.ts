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
