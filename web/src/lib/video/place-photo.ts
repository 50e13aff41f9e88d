/** A size in pixels. */
interface Size {
  readonly width: number;
  readonly height: number;
}

/** The place of a photo in a frame, in percent of the frame's width and height. */
export interface Placement {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Places a photo so that the frame shows the part of it that the video is made from: the largest part of the frame's shape
 * at this zoom, with its centre as close to (x, y) as possible.
 *
 * @param crop as in `VideoSettings.crop`: x and y 0…1, 0.5 by default; zoom at least 1, 1 by default
 */
export function placePhoto(
  photo: Size,
  frame: Size,
  crop: { readonly x?: number | undefined; readonly y?: number | undefined; readonly zoom?: number | undefined } = {},
): Placement {
  const scale = Math.min(photo.width / frame.width, photo.height / frame.height) / Math.max(1, crop.zoom ?? 1);
  const horizontal = placeAxis(photo.width, frame.width * scale, crop.x ?? 0.5);
  const vertical = placeAxis(photo.height, frame.height * scale, crop.y ?? 0.5);
  return { left: horizontal.start, width: horizontal.length, top: vertical.start, height: vertical.length };
}

function placeAxis(length: number, visible: number, centre: number) {
  const start = Math.min(Math.max(centre * length - visible / 2, 0), length - visible);
  return { start: (100 * (0 - start)) / visible, length: (100 * length) / visible };
}
