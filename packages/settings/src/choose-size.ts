/** A size in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** The properties of a model that determine the output sizes. */
export interface SizeRules {
  /** Recommended sizes in pixels, the default first. Each applies to both orientations. */
  readonly sizes: readonly [Size, ...Size[]];
  /** Width and height must be multiples of this number of pixels. */
  readonly multiple: number;
}

/** The requested output size is invalid. */
export class SizeError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SizeError';
  }
}

const MAX_SIDE = 4096;

/** With `auto`, a photo up to this aspect ratio may become a square video. It is less than 4:3, the ratio of most photos. */
const MAX_SQUARE_RATIO = 1.2;

/**
 * Chooses the size of the video for a photo. The request is one of:
 *
 * - `auto`: the recommended size, in either orientation, with the aspect ratio nearest to that of the photo. For a nearly
 *   square photo, a square with the area of the default size is possible, too.
 * - `16:9`, or any aspect ratio: a size with this ratio and about the area of the default size
 * - `1024x576`: exactly this size
 *
 * @throws {@link SizeError} when the request is malformed, or the model does not support the size
 */
export function chooseSize(request: string, photo: Size, { sizes, multiple }: SizeRules): Size {
  const text = request.trim().toLowerCase();
  if (text === 'auto') return nearestSize(photo, sizes, multiple);

  const aspect = /^(\d{1,4}):(\d{1,4})$/.exec(text);
  if (aspect) {
    const ratio = Number(aspect[1]) / Number(aspect[2]);
    if (!(ratio >= 1 / 8 && ratio <= 8))
      throw new SizeError(`size ${request}: the aspect ratio must be between 1:8 and 8:1`);
    return sizeOfArea(sizes[0], ratio, multiple);
  }

  const exact = /^(\d{1,5})[x×](\d{1,5})$/.exec(text);
  if (!exact)
    throw new SizeError(`size ${request}: use auto, an aspect ratio such as 16:9, or width x height such as 1024x576`);
  const [width, height] = [Number(exact[1]), Number(exact[2])];
  const nearest = { width: roundTo(width, multiple), height: roundTo(height, multiple) };
  if (width !== nearest.width || height !== nearest.height) {
    const hint = `the nearest is ${nearest.width}x${nearest.height}`;
    throw new SizeError(
      `size ${request}: width and height must be multiples of ${multiple}, up to ${MAX_SIDE}; ${hint}`,
    );
  }
  return { width, height };
}

function nearestSize(photo: Size, sizes: SizeRules['sizes'], multiple: number): Size {
  const ratio = photo.width / photo.height;
  const candidates = sizes.flatMap((size) => [size, { width: size.height, height: size.width }]);
  if (Math.max(ratio, 1 / ratio) <= MAX_SQUARE_RATIO) candidates.push(sizeOfArea(sizes[0], 1, multiple));
  const distance = (size: Size) => Math.abs(Math.log((size.width / size.height) * (photo.height / photo.width)));
  // An earlier size wins a tie, even with rounding errors (4:3 lies midway between 1:1 and 16:9).
  return candidates.reduce((best, size) => (distance(size) < distance(best) - 1e-9 ? size : best));
}

function sizeOfArea({ width, height }: Size, ratio: number, multiple: number): Size {
  const area = width * height;
  return { width: roundTo(Math.sqrt(area * ratio), multiple), height: roundTo(Math.sqrt(area / ratio), multiple) };
}

function roundTo(value: number, multiple: number): number {
  const most = Math.floor(MAX_SIDE / multiple) * multiple;
  return Math.min(Math.max(Math.round(value / multiple) * multiple, multiple), most);
}
