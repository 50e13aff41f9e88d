import type { Plan } from '@cinematica/pipeline';
import type { LoadedModel } from './resolve-plan.ts';

/** No more is cut off, because the video would begin too near. */
const MOST = 0.15;
/** So many random seeds are tried for a video that can't be cut. With about a third of nano's, the camera stays inside of the photo. */
const TRIES = 10;

type Model = Pick<LoadedModel, 'partOutside'>;

/**
 * The margin that finishing cuts off when the camera looks beyond the borders of the photo, see `Plan.margin`. The video then
 * begins nearer, and its last frame shows nearly the whole photo. Without it, a model would have to invent what lies outside of
 * the photo.
 */
export async function chooseMargin(model: Model, plan: Plan): Promise<number> {
  // Without finishing nothing is cut.
  if (plan.resolution === 'model') return 0;
  return Math.min(await model.partOutside(plan), MOST);
}

/**
 * Finds a seed with which the camera stays inside of the picture, for a video that is not cut because it begins with the whole
 * picture that another one ended with.
 *
 * @param random draws a seed.
 * @returns the plan's own seed if it is one, or if there seems to be none.
 */
export async function chooseInnerSeed(model: Model, plan: Plan, random: () => number): Promise<number> {
  let { seed } = plan;
  // A named move is the same with every seed.
  if (plan.camera !== '') return seed;
  for (let tries = 0; tries < TRIES; tries++) {
    if ((await model.partOutside({ ...plan, seed })) === 0) return seed;
    seed = random();
  }
  return plan.seed;
}
