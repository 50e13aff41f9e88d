import type { Flow, Plane } from './image/plane.ts';

/** Two frames, the motion between them, and how far there and back again ends from where it began: all at one size. */
export interface NeighbourMotion {
  readonly lumaBefore: Plane;
  readonly lumaAfter: Plane;
  readonly forward: Flow;
  readonly backward: Flow;
  readonly lostBefore: Plane;
  readonly lostAfter: Plane;
}
