import { SETTINGS } from '@cinematica/settings';
import { FASTER_QUALITIES } from '@cinematica/svd';
import type { ModelCard } from '@cinematica/svd';
import type { OpenAiModel } from './schema/answers.ts';

/**
 * The description of a model.
 * @param created the time at which the model was loaded. Seconds since 1970.
 */
export function toOpenAiModel(
  { name, title, sizes, defaults, qualities = {} }: ModelCard,
  created: number,
): OpenAiModel {
  const { min, max } = SETTINGS.frames;
  const secondsOf = (frames: number) => Math.round((frames * 100) / defaults.conditioningFps) / 100;
  return {
    id: name,
    object: 'model',
    created,
    owned_by: 'cinematica',
    title,
    qualities: ['best', ...FASTER_QUALITIES.filter((quality) => qualities[quality])],
    sizes: sizes.map(({ width, height }) => `${width}x${height}`),
    num_frames: { min, max, default: defaults.frames },
    seconds: { min: secondsOf(min), max: secondsOf(max), default: secondsOf(defaults.frames) },
  };
}
