import { linspace } from './interpolate.ts';
import { karrasSigma } from './karras-sigma.ts';

/** The levels that AnimateLCM-SVD was distilled on: sampling takes some of them. */
export const ANIMATE_LCM_LEVELS = 40;

/**
 * AnimateLCM-SVD's noise levels: every ⌊40 / steps⌋-th of forty Karras levels, then 0.
 *
 * @param steps 1…40
 * @returns `steps + 1` levels, descending
 * @see G-U-N/AnimateLCM `AnimateLCMSVDStochasticIterativeScheduler`, as its application sets it up
 */
export function animateLcmSigmas(steps: number, lowest: number, highest: number): number[] {
  const ramps = linspace(0, 1, ANIMATE_LCM_LEVELS);
  const stride = Math.floor(ANIMATE_LCM_LEVELS / steps);
  const levels = Array.from({ length: steps }, (_, i) => karrasSigma(ramps[i * stride]!, lowest, highest));
  return [...levels, 0];
}
