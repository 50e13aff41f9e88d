const RHO = 7;

/**
 * The noise level at `ramp` (0 = highest, 1 = lowest) of Karras' schedule: a straight line in σ^(1/7).
 *
 * @see Karras et al., arXiv 2206.00364, eq. 5
 */
export function karrasSigma(ramp: number, lowest: number, highest: number): number {
  const [from, to] = [highest ** (1 / RHO), lowest ** (1 / RHO)];
  return (from + ramp * (to - from)) ** RHO;
}
