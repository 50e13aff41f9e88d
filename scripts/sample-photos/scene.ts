import { add, along, cross, normalize, scale, sub, vec } from './vec.ts';
import type { Vec } from './vec.ts';

/** A picture that can be rendered pixel by pixel. */
export interface Scene {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** Rays per pixel. */
  readonly samples: number;
  /** Linear light at a point of the picture: 1 is lit white paper. */
  radiance(ray: CameraSample, random: () => number): Vec;
  /** Factor on the light before the tone curve. */
  readonly exposure: number;
}

/** A point of the picture: −1…1 over its longer side, x to the right and y up. */
export interface CameraSample {
  readonly x: number;
  readonly y: number;
}

export interface Camera {
  readonly position: Vec;
  /** Unit length. */
  direction(sample: CameraSample): Vec;
  readonly right: Vec;
  readonly up: Vec;
  readonly forward: Vec;
}

/** @param focal focal length in halves of the picture's longer side: 2 is a normal lens, 1.4 a wide one */
export function createCamera(position: Vec, target: Vec, focal: number): Camera {
  const forward = normalize(sub(target, position));
  const right = normalize(cross(vec(0, 1, 0), forward));
  const up = cross(forward, right);
  return {
    position,
    right,
    up,
    forward,
    direction: ({ x, y }) => normalize(along(add(scale(right, x), scale(up, y)), forward, focal)),
  };
}
