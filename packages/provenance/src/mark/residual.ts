/** A grey picture: luma, 8 bits. */
export interface GrayPicture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
  /** How much it counts among the pictures of a video. @default 1 */
  readonly weight?: number | undefined;
}

/** The radius of the window whose mean is subtracted, pixels. */
const MEAN_RADIUS = 5;
/** The radius of the window in which the strength of what remains is measured. */
const STRENGTH_RADIUS = 4;
/** Added to the strength, so that noise in smooth areas is not blown up; of 255. */
const FLOOR = 0.7;
/** Values beyond this many times the strength are edges. */
const LIMIT = 2.5;

/**
 * What of a picture may be a mark: its fine structure, equally strong everywhere, so that no edge outweighs a smooth area.
 * The sums of several pictures of a video raise a mark, which stands still, above what moves.
 */
export function createResidual(width: number, height: number) {
  const size = width * height;
  const sum = new Float32Array(size);
  const fine = new Float32Array(size);
  const squares = new Float32Array(size);
  const blurred = new Float32Array(size);
  let pictures = 0;
  return {
    /** The sum over all pictures so far. */
    sum,
    get pictures(): number {
      return pictures;
    },
    /** @throws RangeError when the picture has another size. */
    add(picture: GrayPicture): void {
      if (picture.width !== width || picture.height !== height || picture.data.length !== size) {
        throw new RangeError(`a picture of ${picture.width}×${picture.height} is not one of ${width}×${height}`);
      }
      const { data, weight = 1 } = picture;
      boxMean(data, blurred, width, height, MEAN_RADIUS);
      for (let i = 0; i < size; i++) {
        const value = data[i]! - blurred[i]!;
        fine[i] = value;
        squares[i] = value * value;
      }
      boxMean(squares, blurred, width, height, STRENGTH_RADIUS);
      for (let i = 0; i < size; i++) {
        const value = fine[i]! / (Math.sqrt(Math.max(0, blurred[i]!)) + FLOOR);
        sum[i]! += weight * (value > LIMIT ? LIMIT : value < -LIMIT ? -LIMIT : value);
      }
      pictures++;
    },
  };
}

/** The mean of a square window around each pixel; at the border, of the part inside the picture. */
function boxMean(
  source: Uint8Array | Float32Array,
  target: Float32Array,
  width: number,
  height: number,
  radius: number,
): void {
  const columns = new Float64Array(width);
  for (let y = 0; y < Math.min(radius, height); y++) addRow(source, columns, y * width, 1);
  for (let y = 0; y < height; y++) {
    if (y + radius < height) addRow(source, columns, (y + radius) * width, 1);
    if (y - radius - 1 >= 0) addRow(source, columns, (y - radius - 1) * width, -1);
    const rows = Math.min(height - 1, y + radius) - Math.max(0, y - radius) + 1;
    let sum = 0;
    for (let x = 0; x < Math.min(radius, width); x++) sum += columns[x]!;
    for (let x = 0; x < width; x++) {
      if (x + radius < width) sum += columns[x + radius]!;
      if (x - radius - 1 >= 0) sum -= columns[x - radius - 1]!;
      const count = Math.min(width - 1, x + radius) - Math.max(0, x - radius) + 1;
      target[y * width + x] = sum / (rows * count);
    }
  }
}

function addRow(source: Uint8Array | Float32Array, columns: Float64Array, at: number, sign: number): void {
  for (let x = 0; x < columns.length; x++) columns[x]! += sign * source[at + x]!;
}
