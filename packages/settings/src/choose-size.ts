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

/** A size may have this much more or less than the area of the default size. */
const AREA_TOLERANCE = 0.12;
/** With `auto`, the longer side is at most this many times the shorter one, unless the model recommends a longer size. */
const MAX_AUTO_RATIO = 2.25;
/** Sizes whose shares of the photo differ by less than this count as equal. */
const SHARE_TOLERANCE = 0.005;
/** A recommended size may show this much less of the photo than another one: the model was trained with it. */
const RECOMMENDED_TOLERANCE = 0.02;

/**
 * Chooses the size of the video for a photo. The request is one of:
 *
 * - `auto`: a size with about the aspect ratio of the photo, and about the area of the default size. A recommended size is
 *   preferred to others that show up to 2 % more of the photo. A photo longer than 2.25:1 gets the longest such size.
 * - `16:9`, or any aspect ratio: likewise, for this ratio
 * - `1024x576`: exactly this size
 *
 * @throws {@link SizeError} when the request is malformed, or the model does not support the size
 */
export function chooseSize(request: string, photo: Size, { sizes, multiple }: SizeRules): Size {
  const text = request.trim().toLowerCase();
  const recommended = sizes.flatMap((size) => [size, { width: size.height, height: size.width }]);
  if (text === 'auto') {
    const longest = Math.max(MAX_AUTO_RATIO, ...recommended.map(ratioOf));
    const ratio = Math.min(Math.max(ratioOf(photo), 1 / longest), longest);
    return nearestSize(ratio, recommended, sizes[0], multiple);
  }

  const aspect = /^(\d{1,4}):(\d{1,4})$/.exec(text);
  if (aspect) {
    const ratio = Number(aspect[1]) / Number(aspect[2]);
    if (!(ratio >= 1 / 8 && ratio <= 8))
      throw new SizeError(`size ${request}: the aspect ratio must be between 1:8 and 8:1`);
    return nearestSize(ratio, recommended, sizes[0], multiple);
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

/** The size with the aspect ratio nearest to `ratio`: a recommended one, or one with about the area of the default size. */
function nearestSize(ratio: number, recommended: readonly Size[], standard: Size, multiple: number): Size {
  const area = areaOf(standard);
  const candidates = [...recommended, ...sizesOfArea(area, ratio, multiple)];
  /** The part of a picture with this aspect ratio that a size shows. */
  const share = (size: Size) => Math.min(ratioOf(size) / ratio, ratio / ratioOf(size));
  const largest = Math.max(...candidates.map(share));
  const [first = standard, ...others] = recommended;
  const trained = others.reduce((most, size) => (share(size) > share(most) + SHARE_TOLERANCE ? size : most), first);
  if (share(trained) > largest - RECOMMENDED_TOLERANCE) return trained;
  const best = candidates.filter((size) => share(size) > largest - SHARE_TOLERANCE);
  const distance = (size: Size) => Math.abs(Math.log(areaOf(size) / area));
  return best.reduce((nearest, size) => (distance(size) < distance(nearest) - 1e-9 ? size : nearest));
}

/** All sizes whose area is about `area`, and the one whose sides are rounded, which may have another area. */
function sizesOfArea(area: number, ratio: number, multiple: number): Size[] {
  const rounded = {
    width: roundTo(Math.sqrt(area * ratio), multiple),
    height: roundTo(Math.sqrt(area / ratio), multiple),
  };
  const all: Size[] = [rounded];
  for (let height = multiple; height <= MAX_SIDE; height += multiple) {
    const least = Math.ceil(((1 - AREA_TOLERANCE) * area) / height / multiple) * multiple;
    const most = Math.min(((1 + AREA_TOLERANCE) * area) / height, MAX_SIDE);
    for (let width = least; width <= most; width += multiple) all.push({ width, height });
  }
  return all;
}

const areaOf = ({ width, height }: Size): number => width * height;
const ratioOf = ({ width, height }: Size): number => width / height;

function roundTo(value: number, multiple: number): number {
  const most = Math.floor(MAX_SIDE / multiple) * multiple;
  return Math.min(Math.max(Math.round(value / multiple) * multiple, multiple), most);
}
