import type { Flow, Plane } from './image/plane.ts';
import type { SoftPicture } from './light.ts';

/** Where a frame shows the photo. */
export interface PhotoMotion {
  /** The motion from a frame to the photo, in pixels of the frame. */
  readonly toPhoto: Flow;
  /** How far to trust it, 0 to 1, at half the frame's size. */
  readonly trust: Plane;
  /** How the frame's light differs from the photo's; null for frames that keep all structure of their own. */
  readonly light: SoftPicture | null;
}
