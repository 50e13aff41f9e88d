/** A size in pixels, or only in proportion. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A place: in a photo or in a frame, 0 at the left or upper edge to 1 at the right or lower one. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** What of a photo becomes the video, as `VideoSettings.crop` says it, with (x, y) always the middle of what is seen. */
export interface Crop extends Point {
  readonly zoom: number;
}

/** The API's largest zoom. */
export const MAX_ZOOM = 8;

/** The middle, as large as it can be: what the API does where it is told nothing. */
export const WHOLE: Crop = { x: 0.5, y: 0.5, zoom: 1 };

/** How much of the photo's width and height is seen in a frame of another shape, 0…1. */
export function seen(photo: Size, frame: Size, zoom: number): Size {
  const wider = (frame.width * photo.height) / (frame.height * photo.width);
  return { width: Math.min(1, wider) / zoom, height: Math.min(1, 1 / wider) / zoom };
}

/** The nearest crop that stays inside the photo. */
export function settled(crop: Crop, photo: Size, frame: Size): Crop {
  const zoom = Math.min(Math.max(crop.zoom, 1), MAX_ZOOM);
  const { width, height } = seen(photo, frame, zoom);
  return { x: inside(crop.x, width), y: inside(crop.y, height), zoom };
}

/** Moves the photo under the frame, by so many of the frame's widths and heights. */
export function moved(crop: Crop, by: Point, photo: Size, frame: Size): Crop {
  const { width, height } = seen(photo, frame, crop.zoom);
  return settled({ ...crop, x: crop.x - by.x * width, y: crop.y - by.y * height }, photo, frame);
}

/** Makes the photo `factor` times larger, while what is `at` this place of the frame stays there, as far as it can. */
export function zoomed(crop: Crop, factor: number, at: Point, photo: Size, frame: Size): Crop {
  return pinched(crop, { from: [at, at], to: [at, at] }, photo, frame, factor);
}

/** What two fingers did, in places of the frame. */
export interface Pinch {
  readonly from: readonly [Point, Point];
  readonly to: readonly [Point, Point];
}

/**
 * Keeps the photo under two fingers: what lay between them before lies between them after.
 * @param factor how much further apart they are; measured by whoever knows how long and wide the frame is on the screen
 */
export function pinched(crop: Crop, { from, to }: Pinch, photo: Size, frame: Size, factor: number): Crop {
  const zoom = Math.min(Math.max(crop.zoom * factor, 1), MAX_ZOOM);
  const before = seen(photo, frame, crop.zoom);
  const after = seen(photo, frame, zoom);
  const [held, here] = [between(...from), between(...to)];
  const x = crop.x + (held.x - 0.5) * before.width - (here.x - 0.5) * after.width;
  const y = crop.y + (held.y - 0.5) * before.height - (here.y - 0.5) * after.height;
  return settled({ x, y, zoom }, photo, frame);
}

/** Brings a place of the frame into its middle, as far as it can. */
export function centredOn(crop: Crop, at: Point, photo: Size, frame: Size): Crop {
  return moved(crop, { x: 0.5 - at.x, y: 0.5 - at.y }, photo, frame);
}

/** Whether this is what the API does anyway. */
export function isWhole({ x, y, zoom }: Crop): boolean {
  return zoom === 1 && Math.abs(x - 0.5) < 1e-6 && Math.abs(y - 0.5) < 1e-6;
}

const inside = (middle: number, part: number): number => Math.min(Math.max(middle, part / 2), 1 - part / 2);
const between = (a: Point, b: Point): Point => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });
