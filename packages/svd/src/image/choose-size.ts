import type { Size } from './fit-image.ts';

/** What of a model decides about output sizes. */
export interface SizeRules {
  /** Sizes that the model does well, its default first; each stands for its other orientation too. */
  readonly sizes: readonly [Size, ...Size[]];
  /** Width and height are multiples of this. */
  readonly multiple: number;
}

/** A wanted output size that can't be made. */
export class SizeError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SizeError';
  }
}

const MAX_SIDE = 4096;

/** Photos with sides this alike become square videos. 4:3, the shape of most photos, keeps its orientation. */
const SQUARISH = 1.2;

/**
 * The size of the video for a photo.
 *
 * - `auto`: portrait stays portrait, and squarish becomes square: of the model's sizes, turned either way, the one of the
 *   most similar aspect; for a squarish photo also a square of the default's area.
 * - `16:9` (any aspect): about the default's area in that aspect.
 * - `1024x576`: exactly that.
 *
 * @throws {@link SizeError} the request is not understood, or the model can't make that size
 */
export function chooseSize(request: string, photo: Size, { sizes, multiple }: SizeRules): Size {
  const text = request.trim().toLowerCase();
  if (text === 'auto') return sizeLike(photo, sizes, multiple);

  const aspect = /^(\d{1,4}):(\d{1,4})$/.exec(text);
  if (aspect) {
    const ratio = Number(aspect[1]) / Number(aspect[2]);
    if (!(ratio >= 1 / 8 && ratio <= 8)) throw new SizeError(`size ${request}: the aspect must be between 1:8 and 8:1`);
    return sizeOfArea(sizes[0], ratio, multiple);
  }

  const exact = /^(\d{1,5})[x×](\d{1,5})$/.exec(text);
  if (!exact) throw new SizeError(`size ${request}: write auto, an aspect like 16:9, or width x height like 1024x576`);
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

function sizeLike(photo: Size, sizes: SizeRules['sizes'], multiple: number): Size {
  const ratio = photo.width / photo.height;
  const candidates = sizes.flatMap((size) => [size, { width: size.height, height: size.width }]);
  if (Math.max(ratio, 1 / ratio) <= SQUARISH) candidates.push(sizeOfArea(sizes[0], 1, multiple));
  const distance = (size: Size) => Math.abs(Math.log((size.width / size.height) * (photo.height / photo.width)));
  // An earlier size wins a tie, also where rounding makes it look lost (4:3 lies midway between 1:1 and 16:9).
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
