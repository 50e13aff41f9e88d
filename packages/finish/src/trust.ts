import { gradients } from './flow/gradients.ts';
import { blur } from './image/blur.ts';
import { createPlane } from './image/plane.ts';
import type { Flow, Plane } from './image/plane.ts';
import { warpPlane } from './image/sample.ts';

/** The photo at the size and sharpness of the model's frames, which are compared with it. */
export interface PhotoReference {
  /** Brightness, as sharp as the model's frames. */
  readonly luma: Plane;
  /** The square of its gradient. */
  readonly gradientEnergy: Plane;
  /** How sharp the frames are: the standard deviation, in pixels, of the blur that both sides are compared under. */
  readonly sigma: number;
  /** Angular frequency of the photo's detail, per pixel of the frames: how fast it varies, as a root mean square. */
  readonly frequency: number;
  /** The local variance of the first frame about the photo: what the model makes of it without any motion. */
  readonly degradation: Plane;
}

/** The neighbourhood over which differences are summed up: a standard deviation in pixels. */
const WINDOW = 2.5;
/** The wider neighbourhood over which the model's degradation is summed up. */
const AROUND = 6;
/** Coarser structure counts as light and not as detail. Pixels. */
const LIGHT = 6;
/** The variance that rounding and compression leave, and the least squared gradient that shows a position. */
const QUANTISATION = 1;
const GRADIENT_FLOOR = 4;
/** Differences of light, in levels of brightness, and of motion from pixel to pixel at which trust has fallen to 1/e. */
const LIGHT_TOLERANCE = 10;
const STRAIN_TOLERANCE = 0.6;
/** How many times worse than the first frame a later one may be before the difference counts as motion. */
const MOST_DECAY = 30;

/**
 * @param sigma how sharp the first frame is, as `fidelityOf` measures it.
 * @param frequency of the detail that trust is for, per pixel of the frames.
 */
export function createReference(photo: Plane, first: Plane, sigma: number, frequency: number): PhotoReference {
  const luma = asSharpAs(photo, sigma);
  const { x, y } = gradients(luma);
  const gradientEnergy = createPlane(photo.width, photo.height);
  for (let i = 0; i < x.data.length; i++) {
    gradientEnergy.data[i] = x.data[i]! * x.data[i]! + y.data[i]! * y.data[i]!;
  }
  const { residual } = compare(asSharpAs(first, sigma), luma);
  // The residual of one pixel is a single noisy sample of the model's error, so the mean of its surroundings counts, too.
  const around = blur(residual, AROUND);
  for (let i = 0; i < residual.data.length; i++) residual.data[i] = Math.max(residual.data[i]!, around.data[i]!);
  return { luma, gradientEnergy, sigma, frequency, degradation: residual };
}

/**
 * How far the photo's detail can be trusted at each pixel of a frame, 0 to 1: the correlation to expect between it, moved
 * along `motion`, and the true one. The difference between the frame and the moved photo that the model's own
 * degradation does not explain, over the photo's gradient, is an error of position; detail of frequency ω that is
 * misplaced by δ keeps exp(−ω²δ²/2) of its correlation. Where things move by themselves or come into view, the
 * difference is large against the gradient, and trust is 0.
 */
export function estimateTrust(frame: Plane, reference: PhotoReference, motion: Flow): Plane {
  const { width, height } = frame;
  const moved = warpPlane(reference.luma, motion);
  const { residual, light } = compare(asSharpAs(frame, reference.sigma), moved);
  const gradient = blur(warpPlane(reference.gradientEnergy, motion), WINDOW);
  const explained = warpPlane(reference.degradation, motion);
  const decay = decayOf(residual, explained);
  const strain = strainOf(motion);
  const { frequency } = reference;
  const trust = createPlane(width, height);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const excess = Math.max(0, residual.data[i]! - decay * explained.data[i]! - QUANTISATION);
      const misplaced = excess / (gradient.data[i]! + GRADIENT_FLOOR);
      const dark = light.data[i]! / LIGHT_TOLERANCE;
      const stretched = strain.data[i]! / STRAIN_TOLERANCE ** 2;
      const px = x + motion.u[i]!;
      const py = y + motion.v[i]!;
      const inside = Math.min(px, py, width - 1 - px, height - 1 - py);
      const border = Math.min(Math.max(inside + 1, 0), 1);
      trust.data[i] = border * Math.exp(-0.5 * frequency * frequency * misplaced - dark * dark - stretched);
    }
  }
  return trust;
}

/** The local mean of the squared difference in detail, and the difference in light. */
function compare(a: Plane, b: Plane): { residual: Plane; light: Plane } {
  const difference = createPlane(a.width, a.height);
  for (let i = 0; i < difference.data.length; i++) difference.data[i] = a.data[i]! - b.data[i]!;
  const light = blur(difference, LIGHT);
  for (let i = 0; i < difference.data.length; i++) {
    const detail = difference.data[i]! - light.data[i]!;
    difference.data[i] = detail * detail;
  }
  return { residual: blur(difference, WINDOW), light };
}

/** Models get worse with time: how many times larger than in the first frame the difference is, in the median. */
function decayOf(residual: Plane, explained: Plane): number {
  const ratios = new Float32Array(residual.data.length);
  let count = 0;
  for (let i = 0; i < ratios.length; i++) {
    if (explained.data[i]! > 2 * QUANTISATION) ratios[count++] = residual.data[i]! / explained.data[i]!;
  }
  if (count < ratios.length / 100) return 1;
  const median = ratios.subarray(0, count).sort()[count >> 1]!;
  return Math.min(Math.max(DECAY_MARGIN * median, 1), MOST_DECAY);
}

/** Differences vary about their median from place to place: most are below this many times of it. */
const DECAY_MARGIN = 4;

/** The square of how fast the motion changes from pixel to pixel. */
function strainOf({ width, height, u, v }: Flow): Plane {
  const strain = createPlane(width, height);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const right = x < width - 1 ? i + 1 : i;
      const below = y < height - 1 ? i + width : i;
      const ux = u[right]! - u[i]!;
      const vx = v[right]! - v[i]!;
      const uy = u[below]! - u[i]!;
      const vy = v[below]! - v[i]!;
      strain.data[i] = ux * ux + vx * vx + uy * uy + vy * vy;
    }
  }
  return blur(strain, 1.5);
}

const asSharpAs = (plane: Plane, sigma: number): Plane => (sigma > 0 ? blur(plane, sigma) : plane);
