import type { Checkpoint } from './checkpoint.ts';
import { FASTER_QUALITIES } from './model-card.ts';

/**
 * A checkpoint with the components of a quality in place of its own.
 * @param quality a quality that has components; empty for the checkpoint's own
 * @throws RangeError when the quality has none
 */
export function withComponentsOf(checkpoint: Checkpoint, quality: string): Checkpoint {
  if (quality === '') return checkpoint;
  const name = FASTER_QUALITIES.find((each) => each === quality);
  const components = name && checkpoint.components[name];
  if (!components) throw new RangeError(`${checkpoint.path} has no components of the quality "${quality}"`);
  return { ...checkpoint, ...components };
}
