import { gradients } from './flow/gradients.ts';
import { halve, resizeBilinear } from './flow/pyramid.ts';
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
/** Coarser structure counts as light and not as detail, and still coarser one as the light of the whole scene. Pixels. */
const LIGHT = 6;
const SCENE_LIGHT = 16;
/** The variance that rounding and compression leave, and the least squared gradient that shows a position. */
const QUANTISATION = 1;
const GRADIENT_FLOOR = 4;
/**
 * Differences of light, in levels of brightness, and of motion from pixel to pixel at which trust has fallen to 1/e. Models
 * change the light of the whole scene; that of a small place changes when something moves there.
 */
const LIGHT_TOLERANCE = 5;
const SCENE_LIGHT_TOLERANCE = 20;
const STRAIN_TOLERANCE = 0.6;
/** Of the photo's contrast, a frame may have lost all but this before the loss counts as a difference. */
const LEAST_CONTRAST = 0.3;
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
  const sceneLight = resizeBilinear(blur(halve(halve(light)), SCENE_LIGHT / 4), width, height);
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
      const scene = sceneLight.data[i]! / SCENE_LIGHT_TOLERANCE;
      const dark = (light.data[i]! - sceneLight.data[i]!) / LIGHT_TOLERANCE;
      const stretched = strain.data[i]! / STRAIN_TOLERANCE ** 2;
      const px = x + motion.u[i]!;
      const py = y + motion.v[i]!;
      const inside = Math.min(px, py, width - 1 - px, height - 1 - py);
      const border = Math.min(Math.max(inside + 1, 0), 1);
      trust.data[i] =
        border * Math.exp(-0.5 * frequency * frequency * misplaced - dark * dark - scene * scene - stretched);
    }
  }
  return trust;
}

/**
 * The local mean of the squared difference in detail, and the difference in light. A frame that shows the photo's detail with
 * less contrast shows it at the right place, so the photo's detail is compared with the contrast that fits best.
 */
function compare(frame: Plane, photo: Plane): { residual: Plane; light: Plane } {
  const { width, height } = frame;
  const difference = createPlane(width, height);
  for (let i = 0; i < difference.data.length; i++) difference.data[i] = frame.data[i]! - photo.data[i]!;
  const light = blur(difference, LIGHT);
  const coarse = blur(photo, LIGHT).data;
  const squares = createPlane(width, height);
  const products = createPlane(width, height);
  const energy = createPlane(width, height);
  for (let i = 0; i < squares.data.length; i++) {
    const change = difference.data[i]! - light.data[i]!;
    const detail = photo.data[i]! - coarse[i]!;
    squares.data[i] = change * change;
    products.data[i] = change * detail;
    energy.data[i] = detail * detail;
  }
  const residual = blur(squares, WINDOW);
  const common = blur(products, WINDOW).data;
  const strength = blur(energy, WINDOW).data;
  for (let i = 0; i < common.length; i++) {
    const lost = Math.min(Math.max(-common[i]! / (strength[i]! + QUANTISATION), 0), 1 - LEAST_CONTRAST);
    residual.data[i]! += lost * (2 * common[i]! + lost * strength[i]!);
  }
  return { residual, light };
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
