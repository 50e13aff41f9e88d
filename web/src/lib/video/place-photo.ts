/** A size in pixels. */
interface Size {
  readonly width: number;
  readonly height: number;
}

/** Where a photo lies over a frame, in hundredths of the frame's width and height. */
export interface Placement {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Lays a photo so that what shows in the frame is what the video is made of: the part of the frame's shape whose middle is
 * as near to the focus as can be.
 *
 * @param crop as in `VideoSettings.crop`: the focus 0 to 1, the zoom at least 1.
 */
export function placePhoto(
  photo: Size,
  frame: Size,
  crop: { readonly x?: number | undefined; readonly y?: number | undefined; readonly zoom?: number | undefined } = {},
): Placement {
  const scale = Math.min(photo.width / frame.width, photo.height / frame.height) / Math.max(1, crop.zoom ?? 1);
  const across = along(photo.width, frame.width * scale, crop.x ?? 0.5);
  const down = along(photo.height, frame.height * scale, crop.y ?? 0.5);
  return { left: across.start, width: across.length, top: down.start, height: down.length };
}

function along(whole: number, part: number, focus: number) {
  const start = Math.min(Math.max(focus * whole - part / 2, 0), whole - part);
  return { start: (100 * (0 - start)) / part, length: (100 * whole) / part };
}
