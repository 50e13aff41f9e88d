import { accelerationAt } from './acceleration.ts';
import type { PhotoDetail } from './detail.ts';
import { splitPhoto } from './detail.ts';
import { fillIslands } from './fill-islands.ts';
import { computeFlow, motionLevel, PRECISE_FLOW_OPTIONS } from './flow/inverse-search.ts';
import { buildPyramid, halve, resizeBilinear, resizeFlow } from './flow/pyramid.ts';
import type { RgbPixels } from './image/bicubic.ts';
import { lumaOf } from './image/plane.ts';
import type { Flow, Plane } from './image/plane.ts';
import { warpFlow, warpPlane } from './image/sample.ts';
import { shareFlow, sharePlane } from './image/shared.ts';
import { inconsistency, planBetween, renderBetween, resizeBetween } from './interpolate.ts';
import type { Between } from './interpolate.ts';
import type { NeighbourMotion } from './neighbour-motion.ts';
import { lightOf, mixSoft, moveSoft, soften, steadyLight } from './light.ts';
import type { SoftPicture } from './light.ts';
import type { PhotoMotion } from './photo-motion.ts';
import { createPhotoLayer, renderPicture } from './render.ts';
import { steadyMotion } from './steady-motion.ts';
import { estimateTrust } from './trust.ts';

export interface RenderRequest {
  readonly before: RgbPixels;
  /** Null for a frame itself. */
  readonly after: RgbPixels | null;
  readonly motion: NeighbourMotion | null;
  /** How the motion changes at the two frames; null at an end of the video. */
  readonly accelerationBefore: Flow | null;
  readonly accelerationAfter: Flow | null;
  /** From 0, the frame before, to 1, the one after. */
  readonly time: number;
  readonly photo: PhotoDetail | null;
  readonly photoBefore: PhotoMotion | null;
  readonly photoAfter: PhotoMotion | null;
  readonly outWidth: number;
  readonly outHeight: number;
}

/**
 * What the threads compute. Each is a function of its arguments alone, so that neither the number of threads nor the
 * order of their work changes a byte. What they return lies in memory that the threads share.
 */
export const tasks = {
  preparePhoto(photo: RgbPixels, first: RgbPixels, outWidth: number, outHeight: number): PhotoDetail {
    const { detail, coarse, reference } = splitPhoto(photo, first, outWidth, outHeight);
    return {
      detail,
      coarse: coarse && { ...coarse, picture: shareSoft(coarse.picture) },
      reference: {
        ...reference,
        luma: sharePlane(reference.luma),
        gradientEnergy: sharePlane(reference.gradientEnergy),
        degradation: sharePlane(reference.degradation),
      },
    };
  },

  neighbourMotion(before: RgbPixels, after: RgbPixels): NeighbourMotion {
    const [a, b] = [pyramidOf(before), pyramidOf(after)];
    const forward = computeFlow(a, b);
    const backward = computeFlow(b, a);
    const level = motionLevel(a);
    return {
      lumaBefore: sharePlane(a[level]!),
      lumaAfter: sharePlane(b[level]!),
      forward: shareFlow(forward),
      backward: shareFlow(backward),
      lostBefore: sharePlane(inconsistency(forward, backward)),
      lostAfter: sharePlane(inconsistency(backward, forward)),
    };
  },

  acceleration: (...args: Parameters<typeof accelerationAt>): Flow => shareFlow(accelerationAt(...args)),

  /** Follows the photo from one frame to the next. */
  trackPhoto(frame: RgbPixels, first: RgbPixels, backward: Flow, before: Flow): Flow {
    const followed = follow(before, backward);
    return shareFlow(computeFlow(pyramidOf(frame), pyramidOf(first), followed, PRECISE_FLOW_OPTIONS));
  },

  /**
   * @param motions to the photo, of the frame and its neighbours, in order; `at` is the frame's own.
   * @param before what is known of the frame before, and the motion to it; null for the first frame.
   */
  followPhoto(
    frame: RgbPixels,
    { reference, coarse }: PhotoDetail,
    motions: readonly Flow[],
    at: number,
    before: (PhotoMotion & { readonly motion: NeighbourMotion }) | null,
  ): PhotoMotion {
    // The first frame shows the photo where it is.
    const toPhoto = before ? steadyMotion(motions, at) : motions[at]!;
    const trust = halve(estimateTrust(lumaOf(frame.data, frame.width, frame.height), reference, toPhoto));
    if (before) {
      const { width, height } = trust;
      const backward = resizeFlow(before.motion.backward, width, height);
      const lost = resizeBilinear(before.motion.lostAfter, width, height);
      const carried = stillSeen(warpPlane(before.trust, backward), lost);
      // Trust changes slowly, so that no border flickers; but no place keeps it that this frame contradicts.
      for (let i = 0; i < trust.data.length; i++) {
        const now = trust.data[i]!;
        trust.data[i] = Math.min(1.3 * now + 0.1, STEADINESS * carried.data[i]! + (1 - STEADINESS) * now);
      }
    }
    const light =
      coarse &&
      lightOf(soften(frame, coarse.sigma), moveSoft(coarse.picture, resizeFlow(toPhoto, trust.width, trust.height)));
    return shareMotion({ toPhoto, trust, light });
  },

  steadyLight: (...args: Parameters<typeof steadyLight>): SoftPicture => shareSoft(steadyLight(...args)),

  fillIslands: (motion: PhotoMotion): PhotoMotion => shareMotion(fillIslands(motion)),

  render(request: RenderRequest): Uint8Array<ArrayBuffer> {
    const { before, after, motion, time, photo, photoBefore, photoAfter, outWidth, outHeight } = request;
    const { accelerationBefore, accelerationAfter } = request;
    const { width, height } = before;
    if (!after || !motion) {
      if (!photo && width === outWidth && height === outHeight) return new Uint8Array(before.data);
      const frame = { width, height, data: new Float32Array(before.data) };
      const layer = photo && photoBefore && createPhotoLayer(photo, photoBefore, width, height);
      return renderPicture(frame, layer, outWidth, outHeight);
    }
    const accelerations = { accelerationBefore, accelerationAfter };
    const plan = planBetween({ ...motion, ...accelerations }, time);
    const between = resizeBetween(plan, width, height);
    const moved = photoBefore && photoAfter ? photoBetween(photoBefore, photoAfter, between, time) : null;
    const layer = photo && moved && createPhotoLayer(photo, moved, width, height);
    const covered = layer?.coarse ? layer.frameWeights : null;
    const frame = { width, height, data: renderBetween(before, after, between, covered) };
    return renderPicture(frame, layer, outWidth, outHeight);
  },
};

/** Trust that was warped from the previous frame, lowered where the previous frame did not show the place. */
const stillSeen = (carried: Plane, lost: Plane): Plane => ({
  ...carried,
  data: carried.data.map((trust, i) => trust * Math.exp(-(lost.data[i]! ** 2))),
});

/** The motion of the frame before, followed to the next one: at the size of the motion between them. */
function follow(before: Flow, backward: Flow): Flow {
  const followed = warpFlow(resizeFlow(before, backward.width, backward.height), backward);
  for (let i = 0; i < followed.u.length; i++) {
    followed.u[i]! += backward.u[i]!;
    followed.v[i]! += backward.v[i]!;
  }
  return followed;
}

/** How much of the trust of the frame before is kept. */
const STEADINESS = 0.6;

/** Where the photo lies from a picture between two frames, and how far to trust it. */
function photoBetween(before: PhotoMotion, after: PhotoMotion, between: Between, time: number): PhotoMotion {
  const { toBefore, toAfter } = between;
  const toPhoto = warpFlow(before.toPhoto, toBefore);
  const fromAfter = warpFlow(after.toPhoto, toAfter);
  for (let i = 0; i < toPhoto.u.length; i++) {
    toPhoto.u[i] = (1 - time) * (toPhoto.u[i]! + toBefore.u[i]!) + time * (fromAfter.u[i]! + toAfter.u[i]!);
    toPhoto.v[i] = (1 - time) * (toPhoto.v[i]! + toBefore.v[i]!) + time * (fromAfter.v[i]! + toAfter.v[i]!);
  }
  const { width: trustWidth, height: trustHeight } = before.trust;
  const trust = warpPlane(before.trust, resizeFlow(toBefore, trustWidth, trustHeight));
  const trustAfter = warpPlane(after.trust, resizeFlow(toAfter, trustWidth, trustHeight));
  for (let i = 0; i < trust.data.length; i++) {
    trust.data[i] = (1 - time) * trust.data[i]! + time * trustAfter.data[i]!;
  }
  const light = before.light && after.light && mixSoft(before.light, after.light, time);
  return { toPhoto, trust, light };
}

const shareMotion = ({ toPhoto, trust, light }: PhotoMotion): PhotoMotion => ({
  toPhoto: shareFlow(toPhoto),
  trust: sharePlane(trust),
  light: light && shareSoft(light),
});

const shareSoft = ([r, g, b]: SoftPicture): SoftPicture => [sharePlane(r), sharePlane(g), sharePlane(b)];

function pyramidOf({ width, height, data }: RgbPixels) {
  return buildPyramid(lumaOf(data, width, height));
}
