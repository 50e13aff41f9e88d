const RHO = 7;

/**
 * A noise level of the Karras schedule, which is linear in σ^(1/7).
 *
 * @param ramp position in the schedule, from 0 (highest level) to 1 (lowest level)
 *
 * @see Karras et al., arXiv 2206.00364, eq. 5
 */
export function karrasSigma(ramp: number, lowest: number, highest: number): number {
  const [from, to] = [highest ** (1 / RHO), lowest ** (1 / RHO)];
  return (from + ramp * (to - from)) ** RHO;
}
