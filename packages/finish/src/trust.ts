import { blur } from './image/blur.ts';
import { createPlane } from './image/plane.ts';
import type { Flow, Plane } from './image/plane.ts';
import { warpPlane } from './image/sample.ts';
import { gradients } from './flow/gradients.ts';

/** What the model's frames are compared with: the photo at their size, as sharp as they are. */
export interface PhotoReference {
  /** Brightness, as sharp as the model's frames. */
  readonly luma: Plane;
  /** Of its gradient, the square. */
  readonly gradientEnergy: Plane;
  /** How sharp the frames are: the standard deviation, in pixels, of the blur that both sides are compared under. */
  readonly sigma: number;
  /** The variance of a frame's brightness about the photo's where both show the same. */
  readonly noise: number;
}

const WINDOW = 2.5;
/** Structure coarser than this is light, not detail, in pixels. */
const LIGHT = 6;
const QUANTISATION = 1;
const GRADIENT_FLOOR = 4;
/** Angular frequency of the detail that the model's size can't hold, per pixel of the model: just above its limit, π. */
const OMEGA = 3.6;
const LIGHT_TOLERANCE = 10;
const STRAIN_TOLERANCE = 0.35;

export function createReference(photo: Plane, first: Plane, sigma: number): PhotoReference {
  const luma = sigma > 0 ? blur(photo, sigma) : photo;
  const residual = highPass(subtract(sigma > 0 ? blur(first, sigma) : first, luma));
  const noise = residual.data.reduce((sum, value) => sum + value * value, 0) / residual.data.length;
  const { x, y } = gradients(luma);
  const gradientEnergy = createPlane(photo.width, photo.height);
  for (let i = 0; i < x.data.length; i++) gradientEnergy.data[i] = x.data[i]! ** 2 + y.data[i]! ** 2;
  return { luma, gradientEnergy, sigma, noise };
}

/**
 * How far the photo's detail can be trusted at each pixel of a frame, 0 to 1: the correlation to expect between it, moved
 * along `motion`, and the true one. The part of the difference between the frame and the moved photo that noise does
 * not explain, over the photo's gradient, is an error of position; detail of frequency ω that is misplaced by δ keeps
 * exp(−ω²δ²/2) of its correlation.
 */
export function estimateTrust(frame: Plane, reference: PhotoReference, motion: Flow): Plane {
  const { width, height } = frame;
  const moved = warpPlane(reference.luma, motion);
  const difference = subtract(reference.sigma > 0 ? blur(frame, reference.sigma) : frame, moved);
  const light = blur(difference, LIGHT);
  const squares = createPlane(width, height);
  for (let i = 0; i < squares.data.length; i++) squares.data[i] = (difference.data[i]! - light.data[i]!) ** 2;
  const residual = blur(squares, WINDOW);
  const gradient = blur(warpPlane(reference.gradientEnergy, motion), WINDOW);
  const strain = strainOf(motion);
  const trust = createPlane(width, height);
  const { noise } = reference;
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const excess = Math.max(0, residual.data[i]! - noise - QUANTISATION);
      const misplaced = excess / (gradient.data[i]! + GRADIENT_FLOOR);
      const dark = light.data[i]! / LIGHT_TOLERANCE;
      const stretched = strain.data[i]! / STRAIN_TOLERANCE ** 2;
      const px = x + motion.u[i]!;
      const py = y + motion.v[i]!;
      const inside = Math.min(px, py, width - 1 - px, height - 1 - py);
      const border = Math.min(Math.max(inside, 0), 1);
      trust.data[i] = border * Math.exp(-0.5 * OMEGA * OMEGA * misplaced - dark * dark - stretched);
    }
  }
  return trust;
}

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

function highPass(plane: Plane): Plane {
  return subtract(plane, blur(plane, LIGHT));
}

function subtract(a: Plane, b: Plane): Plane {
  const target = createPlane(a.width, a.height);
  for (let i = 0; i < target.data.length; i++) target.data[i] = a.data[i]! - b.data[i]!;
  return target;
}
