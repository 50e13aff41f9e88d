import type { Plan } from '@cinematica/pipeline';

/**
 * How far a camera that pulls out looks beyond each border of the photo, in parts of the picture's side, over this many frames
 * with this motion. It was measured with `models/nano`: 0.026, and what is dark and soft behind the border reaches to 0.042.
 */
const REACH = { part: 0.045, frames: 50, motionBucketId: 127 } as const;
/** No more is cut off, because the video would begin too near. */
const MOST = 0.15;

/**
 * The margin that finishing cuts off when the camera pulls out, see `Plan.margin`. The video then begins nearer, and its last
 * frame shows nearly the whole photo. Without it, a model would have to invent what lies outside of the photo.
 */
export function pullOutMargin({ camera, frames, motionBucketId }: Plan): number {
  if (camera !== 'pull-out') return 0;
  const reach = REACH.part * ((frames - 1) / (REACH.frames - 1)) * (motionBucketId / REACH.motionBucketId);
  return Math.min(reach, MOST);
}
