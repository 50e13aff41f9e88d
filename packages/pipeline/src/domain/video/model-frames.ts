import type { Plan } from '../messages.ts';

type Frames = Pick<Plan, 'frames' | 'frameInterval'>;

/** The model makes one frame of this many. A plan of an earlier version has no number, and the model makes all of its frames. */
export const frameIntervalOf = ({ frameInterval }: Pick<Plan, 'frameInterval'>): number => Math.max(frameInterval, 1);

/** The number of a video's frames that the model makes: every second, third, … from the first one on. */
export const modelFrames = (plan: Frames): number => Math.ceil(plan.frames / frameIntervalOf(plan));

/** The rate of the frames that the model makes, per second. */
export const modelRate = (plan: Pick<Plan, 'conditioningFps' | 'frameInterval'>): number =>
  plan.conditioningFps / frameIntervalOf(plan);
