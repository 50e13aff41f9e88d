import type { PhotoDetail } from './detail.ts';
import { splitPhoto } from './detail.ts';
import { computeFlow, motionLevel, PRECISE_FLOW_OPTIONS } from './flow/inverse-search.ts';
import { buildPyramid, halve, resizeFlow } from './flow/pyramid.ts';
import type { Pyramid } from './flow/pyramid.ts';
import type { RgbPixels } from './image/bicubic.ts';
import { createFlow, lumaOf } from './image/plane.ts';
import type { Flow, Plane } from './image/plane.ts';
import { warpFlow, warpPlane } from './image/sample.ts';
import { shareFlow, sharedFloats, sharePlane } from './image/shared.ts';
import { inconsistency, planBetween, renderBetween } from './interpolate.ts';
import type { Between } from './interpolate.ts';
import { renderPicture } from './render.ts';
import { estimateTrust } from './trust.ts';
import type { PhotoReference } from './trust.ts';

/** The motion between a frame and the next one, and the error of following it forth and back. */
export interface NeighbourMotion {
  readonly forward: Flow;
  readonly backward: Flow;
  readonly lostBefore: Plane;
  readonly lostAfter: Plane;
}

/** The motion from a frame to the photo, in pixels of the frame, and how far to trust it, 0 to 1, at half that size. */
export interface PhotoMotion {
  readonly toPhoto: Flow;
  readonly trust: Plane;
}

export interface RenderRequest {
  readonly before: RgbPixels;
  /** Null for a frame itself. */
  readonly after: RgbPixels | null;
  readonly motion: NeighbourMotion | null;
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
    const { detail, replaced, reference } = splitPhoto(photo, first, outWidth, outHeight);
    return {
      detail: { ...detail, data: sharedFloats(detail.data as Float32Array) },
      replaced,
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
    return {
      forward: shareFlow(forward),
      backward: shareFlow(backward),
      lostBefore: sharePlane(inconsistency(forward, backward)),
      lostAfter: sharePlane(inconsistency(backward, forward)),
    };
  },

  /** The first frame shows the photo where it is. */
  firstPhotoMotion(first: RgbPixels, { reference }: PhotoDetail): PhotoMotion {
    const pyramid = pyramidOf(first);
    const { width, height } = pyramid[motionLevel(pyramid)]!;
    const still = createFlow(first.width, first.height);
    return { toPhoto: shareFlow(still), trust: sharePlane(trustOf(pyramid, width, height, reference, still)) };
  },

  /** Follows the photo from one frame to the next. */
  nextPhotoMotion(
    frame: RgbPixels,
    first: RgbPixels,
    { reference }: PhotoDetail,
    backward: Flow,
    before: PhotoMotion,
  ): PhotoMotion {
    const pyramid = pyramidOf(frame);
    const { width, height } = before.trust;
    const followed = warpFlow(resizeFlow(before.toPhoto, width, height), backward);
    for (let i = 0; i < followed.u.length; i++) {
      followed.u[i]! += backward.u[i]!;
      followed.v[i]! += backward.v[i]!;
    }
    const toPhoto = computeFlow(pyramid, pyramidOf(first), followed, PRECISE_FLOW_OPTIONS);
    const trust = trustOf(pyramid, width, height, reference, toPhoto);
    const carried = warpPlane(before.trust, backward);
    // Trust increases slowly, so that borders do not flicker, and drops immediately where this frame contradicts it.
    for (let i = 0; i < trust.data.length; i++) {
      const now = trust.data[i]!;
      trust.data[i] = Math.min(1.3 * now + 0.1, STEADINESS * carried.data[i]! + (1 - STEADINESS) * now);
    }
    return { toPhoto: shareFlow(toPhoto), trust: sharePlane(trust) };
  },

  render(request: RenderRequest): Uint8Array<ArrayBuffer> {
    const { before, after, motion, time, photo, photoBefore, photoAfter, outWidth, outHeight } = request;
    const { width, height } = before;
    if (!after || !motion) {
      if (!photo && width === outWidth && height === outHeight) return Uint8Array.from(before.data);
      const frame = { width, height, data: Float32Array.from(before.data) };
      return renderPicture(frame, photo, photoBefore, outWidth, outHeight);
    }
    const [a, b] = [pyramidOf(before), pyramidOf(after)];
    const level = motionLevel(a);
    const between = planBetween({ lumaBefore: a[level]!, lumaAfter: b[level]!, ...motion }, time);
    const frame = { width, height, data: renderBetween(before, after, between) };
    const moved = photoBefore && photoAfter ? photoBetween(photoBefore, photoAfter, between, time) : null;
    return renderPicture(frame, photo, moved, outWidth, outHeight);
  },
};

/** How much of the trust of the frame before is kept. */
const STEADINESS = 0.6;

/** The motion from an interpolated picture to the photo, and its trust, at the size of the frames. */
function photoBetween(before: PhotoMotion, after: PhotoMotion, between: Between, time: number): PhotoMotion {
  const { width, height } = before.toPhoto;
  const toBefore = resizeFlow(between.toBefore, width, height);
  const toAfter = resizeFlow(between.toAfter, width, height);
  const a = warpFlow(before.toPhoto, toBefore);
  const b = warpFlow(resizeFlow(after.toPhoto, width, height), toAfter);
  for (let i = 0; i < a.u.length; i++) {
    a.u[i] = (1 - time) * (a.u[i]! + toBefore.u[i]!) + time * (b.u[i]! + toAfter.u[i]!);
    a.v[i] = (1 - time) * (a.v[i]! + toBefore.v[i]!) + time * (b.v[i]! + toAfter.v[i]!);
  }
  const trust = warpPlane(before.trust, between.toBefore);
  const trustAfter = warpPlane(after.trust, between.toAfter);
  for (let i = 0; i < trust.data.length; i++) {
    trust.data[i] = (1 - time) * trust.data[i]! + time * trustAfter.data[i]!;
  }
  return { toPhoto: a, trust };
}

/** Trust varies slowly: it is kept at the size of the motion between frames. */
function trustOf(pyramid: Pyramid, width: number, height: number, reference: PhotoReference, motion: Flow): Plane {
  const frame = pyramid[0]!;
  const trust = estimateTrust(frame, reference, resizeFlow(motion, frame.width, frame.height));
  return width === trust.width && height === trust.height ? trust : halve(trust);
}

function pyramidOf({ width, height, data }: RgbPixels) {
  return buildPyramid(lumaOf(data, width, height));
}
