import { linspace } from './interpolate.ts';
import { karrasSigma } from './karras-sigma.ts';

/** The number of noise levels on which AnimateLCM-SVD was distilled. Sampling uses a subset of them. */
export const ANIMATE_LCM_LEVELS = 40;

/**
 * The noise levels of AnimateLCM-SVD: every ⌊40 / steps⌋-th of forty Karras levels, followed by 0.
 *
 * @param steps 1…40
 * @param lowest `sigma_min`
 * @param highest `sigma_max`
 * @returns `steps + 1` levels, descending
 * @see G-U-N/AnimateLCM `AnimateLCMSVDStochasticIterativeScheduler`, as its application sets it up
 */
export function animateLcmSigmas(steps: number, lowest: number, highest: number): number[] {
  const ramps = linspace(0, 1, ANIMATE_LCM_LEVELS);
  const stride = Math.floor(ANIMATE_LCM_LEVELS / steps);
  const levels = Array.from({ length: steps }, (_, i) => karrasSigma(ramps[i * stride]!, lowest, highest));
  return [...levels, 0];
}
