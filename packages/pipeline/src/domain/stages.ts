import { Lifetime, Stage } from './messages.ts';

/** The stages in the order in which a video passes through them. */
export const STAGES = [Stage.ENCODE, Stage.DENOISE, Stage.DECODE, Stage.MUX] as const;

/** The name of a stage in subjects, metrics and messages. */
export type StageName = 'encode' | 'denoise' | 'decode' | 'mux';

/** @throws RangeError when the stage is unknown. */
export function stageName(stage: Stage): StageName {
  switch (stage) {
    case Stage.ENCODE:
      return 'encode';
    case Stage.DENOISE:
      return 'denoise';
    case Stage.DECODE:
      return 'decode';
    case Stage.MUX:
      return 'mux';
    case Stage.UNSPECIFIED:
    default:
      throw new RangeError(`unknown stage ${stage}`);
  }
}

/** Every lifetime that an artifact can have. */
export const LIFETIMES = [Lifetime.PHOTO, Lifetime.LATENTS, Lifetime.FRAMES, Lifetime.MEDIA] as const;
