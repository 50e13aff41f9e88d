import { createFlow } from './image/plane.ts';
import type { Flow, Plane } from './image/plane.ts';

/** Places with less trust say nothing about the camera. */
const LEAST_TRUST = 0.5;
/** The trusted places must not lie on a line: how much of their spread is left across it. */
const LEAST_SPREAD = 1e-6;

/**
 * The affine motion that fits the trusted places best, by least squares weighted by the fourth power of their trust: what a pan, a zoom
 * or a turn of the camera moves a flat scene by. With too few places, their mean.
 */
export function cameraMotion(motion: Flow, trust: Plane): Flow {
  const { width, height } = motion;
  const [middleX, middleY] = [width / 2, height / 2];
  let [w, x1, y1, xx, xy, yy, u1, v1, xu, yu, xv, yv] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
  for (let row = 0, i = 0; row < height; row++) {
    const y = row - middleY;
    for (let column = 0; column < width; column++, i++) {
      const trusted = trust.data[i]!;
      if (trusted < LEAST_TRUST) continue;
      const x = column - middleX;
      const weight = trusted ** 4;
      const [wx, wy, u, v] = [weight * x, weight * y, motion.u[i]!, motion.v[i]!];
      w += weight;
      x1 += wx;
      y1 += wy;
      xx += wx * x;
      xy += wx * y;
      yy += wy * y;
      u1 += weight * u;
      v1 += weight * v;
      xu += wx * u;
      yu += wy * u;
      xv += wx * v;
      yv += wy * v;
    }
  }
  const fitted = createFlow(width, height);
  if (w === 0) return fitted;
  const [x0, y0] = [x1 / w, y1 / w];
  const [varX, covXY, varY] = [xx - x1 * x0, xy - x1 * y0, yy - y1 * y0];
  const spread = varX * varY - covXY ** 2;
  const isFlat = spread <= LEAST_SPREAD * varX * varY;
  /** Writes one component of the motion. `sum`, `withX` and `withY` are its weighted sums, alone and times the coordinates. */
  const write = (target: Float32Array, sum: number, withX: number, withY: number): void => {
    const [covX, covY] = [withX - x0 * sum, withY - y0 * sum];
    const slopeX = isFlat ? 0 : (covX * varY - covY * covXY) / spread;
    const slopeY = isFlat ? 0 : (covY * varX - covX * covXY) / spread;
    for (let row = 0, i = 0; row < height; row++) {
      const left = sum / w + slopeY * (row - middleY - y0) - slopeX * (middleX + x0);
      for (let column = 0; column < width; column++, i++) target[i] = left + slopeX * column;
    }
  };
  write(fitted.u, u1, xu, yu);
  write(fitted.v, v1, xv, yv);
  return fitted;
}
