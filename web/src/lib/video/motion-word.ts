import { Preset } from '@cinematica/protocol/v1';
import type { VideoSettings } from '@cinematica/protocol/v1';
import type { MotionLevel } from '#lib/create/choices.ts';

const PRESET_LEVELS: Readonly<Partial<Record<Preset, MotionLevel>>> = {
  [Preset.CALM]: 'calm',
  [Preset.NATURAL]: 'natural',
  [Preset.LIVELY]: 'lively',
};

/** The next word, and the amount of motion up to which the word before it is right. No model's preset has a larger one. */
const NEXT: Readonly<Partial<Record<MotionLevel, { readonly upTo: number; readonly level: MotionLevel }>>> = {
  calm: { upTo: 90, level: 'natural' },
  natural: { upTo: 140, level: 'lively' },
  lively: { upTo: 254, level: 'most' },
};

/**
 * The word for how much moves in a video: that of its preset, or a stronger one if the amount of motion was raised above it.
 * A video with more motion than another one has the preset of that one.
 *
 * @returns undefined for a video without a preset
 */
export function motionWord({ preset, motionBucketId = 0 }: VideoSettings): MotionLevel | undefined {
  let level = PRESET_LEVELS[preset];
  for (let next = level && NEXT[level]; next && motionBucketId > next.upTo; next = NEXT[level]) level = next.level;
  return level;
}
