import { clampCrop, DEFAULT_CROP, panCrop, pinchCrop, zoomCrop } from './crop.ts';
import type { Crop, Point, Size } from './crop.ts';

/** A press that moves by fewer pixels is a tap; two taps within this time are a double tap. */
const [TAP_PIXELS, DOUBLE_TAP_MS] = [8, 320];
/** The factor by which a double tap zooms. */
const TAP_ZOOM = 2;

/** What the gestures act on. */
export interface CropTarget {
  readonly photo: Size;
  readonly frame: Size;
  readonly crop: Crop;
}

/** The properties of a pointer event that the gestures need. */
export type Pointer = Pick<PointerEvent, 'pointerId' | 'clientX' | 'clientY' | 'timeStamp'>;

export interface CropGestures {
  down(pointer: Pointer): void;
  /** @returns whether the photo is being dragged */
  move(pointer: Pointer): boolean;
  /**
   * @param cancelled whether the browser took over the pointer, so that it is no tap
   * @returns whether this was the last pressed pointer
   */
  up(pointer: Pointer, cancelled: boolean): boolean;
  wheel(event: Pick<WheelEvent, 'deltaY' | 'ctrlKey' | 'clientX' | 'clientY'>): void;
}

/**
 * Turns pointer events into crops: one pointer pans, two pinch, a double tap zooms in and out again, the wheel zooms. A single
 * tap does nothing, because fingers touch the photo when they scroll.
 *
 * @param target the current photo, frame and crop
 * @param bounds the frame's rectangle on the screen
 * @param onchange called with each new crop
 */
export function createCropGestures(
  target: () => CropTarget,
  bounds: () => Pick<DOMRect, 'left' | 'top' | 'width' | 'height'>,
  onchange: (crop: Crop) => void,
): CropGestures {
  /** The pressed pointers, and where they are in the frame. */
  let pointers: readonly { readonly id: number; readonly at: Point }[] = [];
  let press: { readonly x: number; readonly y: number; readonly single: boolean; moved: boolean } | undefined;
  let lastTapTime = -Infinity;

  const pointOf = ({ clientX, clientY }: Pick<MouseEvent, 'clientX' | 'clientY'>): Point => {
    const { left, top, width, height } = bounds();
    return { x: (clientX - left) / width, y: (clientY - top) / height };
  };

  const distance = (a: Point, b: Point): number => {
    const { width, height } = target().frame;
    return Math.hypot((a.x - b.x) * width, (a.y - b.y) * height);
  };

  const tap = (pointer: Pointer): void => {
    const { crop, photo, frame } = target();
    const double = pointer.timeStamp - lastTapTime < DOUBLE_TAP_MS;
    lastTapTime = double ? -Infinity : pointer.timeStamp;
    if (!double) return;
    const zoomed = crop.zoom > 1;
    onchange(zoomed ? clampCrop(DEFAULT_CROP, photo, frame) : zoomCrop(crop, TAP_ZOOM, pointOf(pointer), photo, frame));
  };

  return {
    down(pointer) {
      pointers = [...pointers, { id: pointer.pointerId, at: pointOf(pointer) }];
      press = { x: pointer.clientX, y: pointer.clientY, single: pointers.length === 1, moved: false };
    },
    move(pointer) {
      const before = pointers.find(({ id }) => id === pointer.pointerId)?.at;
      if (!before) return false;
      if (press && Math.hypot(pointer.clientX - press.x, pointer.clientY - press.y) > TAP_PIXELS) press.moved = true;
      if (press?.single && !press.moved) return false;
      const now = pointOf(pointer);
      const other = pointers.find(({ id }) => id !== pointer.pointerId)?.at;
      pointers = pointers.map((known) => (known.id === pointer.pointerId ? { id: known.id, at: now } : known));
      const { crop, photo, frame } = target();
      if (other) {
        const factor = distance(now, other) / Math.max(1, distance(before, other));
        onchange(pinchCrop(crop, { from: [before, other], to: [now, other] }, photo, frame, factor));
      } else {
        onchange(panCrop(crop, { x: now.x - before.x, y: now.y - before.y }, photo, frame));
      }
      return true;
    },
    up(pointer, cancelled) {
      const others = pointers.filter(({ id }) => id !== pointer.pointerId);
      if (others.length === pointers.length) return false;
      pointers = others;
      if (others.length > 0) {
        // The last finger of a pinch is no tap.
        if (press) press.moved = true;
        return false;
      }
      if (!cancelled && press?.single && !press.moved) tap(pointer);
      press = undefined;
      return true;
    },
    wheel(event) {
      const { crop, photo, frame } = target();
      // A pinch on a trackpad arrives as a wheel event with `ctrlKey` and small deltas.
      const factor = Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0016));
      onchange(zoomCrop(crop, factor, pointOf(event), photo, frame));
    },
  };
}
