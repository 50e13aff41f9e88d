/** A size in pixels, or an aspect ratio. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A point in a photo or in a frame: 0 is the left or upper edge, 1 the right or lower edge. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/**
 * The part of a photo that becomes the video, as in `VideoSettings.crop`. Unlike in the API, (x, y) is always the centre of
 * the visible part; {@link clampCrop} ensures it.
 */
export interface Crop extends Point {
  /** 1…{@link MAX_ZOOM} */
  readonly zoom: number;
}

/** The API's largest zoom. */
export const MAX_ZOOM = 8;

/** The API's default: centred and as large as possible. */
export const DEFAULT_CROP: Crop = { x: 0.5, y: 0.5, zoom: 1 };

/** The part of the photo's width and height that is visible in a frame of another shape, 0…1. */
export function visiblePart(photo: Size, frame: Size, zoom: number): Size {
  const aspectQuotient = (frame.width * photo.height) / (frame.height * photo.width);
  return { width: Math.min(1, aspectQuotient) / zoom, height: Math.min(1, 1 / aspectQuotient) / zoom };
}

/** The nearest crop that lies inside the photo. */
export function clampCrop(crop: Crop, photo: Size, frame: Size): Crop {
  const zoom = clampZoom(crop.zoom);
  const { width, height } = visiblePart(photo, frame, zoom);
  return { x: clampCentre(crop.x, width), y: clampCentre(crop.y, height), zoom };
}

/** Moves the photo under the frame. @param by in widths and heights of the frame */
export function panCrop(crop: Crop, by: Point, photo: Size, frame: Size): Crop {
  const { width, height } = visiblePart(photo, frame, crop.zoom);
  return clampCrop({ ...crop, x: crop.x - by.x * width, y: crop.y - by.y * height }, photo, frame);
}

/** Zooms by a factor. The point `at` of the frame keeps its place as far as possible. */
export function zoomCrop(crop: Crop, factor: number, at: Point, photo: Size, frame: Size): Crop {
  return pinchCrop(crop, { from: [at, at], to: [at, at] }, photo, frame, factor);
}

/** A gesture of two fingers, in points of the frame. */
export interface Pinch {
  readonly from: readonly [Point, Point];
  readonly to: readonly [Point, Point];
}

/**
 * Moves and zooms the photo with two fingers: the point between the fingers follows them.
 *
 * @param factor by which the distance of the fingers on the screen has grown
 */
export function pinchCrop(crop: Crop, { from, to }: Pinch, photo: Size, frame: Size, factor: number): Crop {
  const zoom = clampZoom(crop.zoom * factor);
  const before = visiblePart(photo, frame, crop.zoom);
  const after = visiblePart(photo, frame, zoom);
  const [start, end] = [midpoint(...from), midpoint(...to)];
  const x = crop.x + (start.x - 0.5) * before.width - (end.x - 0.5) * after.width;
  const y = crop.y + (start.y - 0.5) * before.height - (end.y - 0.5) * after.height;
  return clampCrop({ x, y, zoom }, photo, frame);
}

/** Whether the part of the photo has fewer pixels than the model's frame, so that the video will be blurred. */
export const isCoarse = (photo: Size, frame: Size, zoom: number): boolean =>
  visiblePart(photo, frame, zoom).width * photo.width < 0.75 * frame.width;

/** Whether the crop is the API's default. */
export function isDefaultCrop({ x, y, zoom }: Crop): boolean {
  return zoom === 1 && Math.abs(x - 0.5) < 1e-6 && Math.abs(y - 0.5) < 1e-6;
}

const clampZoom = (zoom: number): number => Math.min(Math.max(zoom, 1), MAX_ZOOM);
const clampCentre = (centre: number, part: number): number => Math.min(Math.max(centre, part / 2), 1 - part / 2);
const midpoint = (a: Point, b: Point): Point => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });
