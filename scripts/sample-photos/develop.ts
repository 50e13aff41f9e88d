import sharp from 'sharp';
import { createRandom } from './noise.ts';

/** Linear light: three numbers per pixel (red, green, blue). */
export interface LightImage {
  readonly width: number;
  readonly height: number;
  readonly light: Float32Array;
}

const MAX_BYTES = 150_000;
const QUALITIES = [90, 86, 82, 78, 74, 70, 65, 60];

/** Encodes linear light as a JPEG of at most 150 kB, with glow, a film tone curve, darker corners and some grain. */
export async function develop({ width, height, light }: LightImage, exposure: number): Promise<Uint8Array> {
  const exposed = light.map((value) => value * exposure);
  const glow = blur({ width, height, light: exposed }, Math.max(width, height) / 90);
  const random = createRandom(3);
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [u, v] = [x / width - 0.5, y / height - 0.5];
      const corners = 1 - 0.55 * (u * u + v * v);
      const grain = (random() + random() - 1) * 0.012;
      for (let c = 0; c < 3; c++) {
        const i = (y * width + x) * 3 + c;
        const value = filmCurve((exposed[i]! * 0.88 + glow[i]! * 0.12) * corners);
        data[i] = Math.min(255, Math.max(0, Math.round((value + grain * (1 - value)) * 255)));
      }
    }
  }
  const image = sharp(data, { raw: { width, height, channels: 3 } });
  for (const quality of QUALITIES) {
    const jpeg = await image.clone().jpeg({ quality, mozjpeg: true }).toBuffer();
    if (jpeg.length <= MAX_BYTES || quality === QUALITIES.at(-1)) return jpeg;
  }
  throw new RangeError('there is no quality to try');
}

/** Maps linear light to sRGB values, 0…1: a variant of the ACES filmic curve, then the sRGB transfer function. */
function filmCurve(x: number): number {
  const bright = (x * (2.43 * x + 0.03)) / (x * (2.35 * x + 0.59) + 0.14);
  const low = Math.min(1, Math.max(0, bright));
  return low <= 0.0031308 ? 12.92 * low : 1.055 * low ** (1 / 2.4) - 0.055;
}

/** Three box blurs in a row approximate a Gaussian blur. */
function blur(image: LightImage, radius: number): Float32Array {
  const { width, height } = image;
  let from = image.light;
  const size = Math.max(1, Math.round(radius));
  for (let pass = 0; pass < 3; pass++) {
    from = boxBlur(from, width, height, size, 3, width * 3);
    from = boxBlur(from, height, width, size, width * 3, 3);
  }
  return from;
}

/** Moving average along lines of `count` pixels; `step` is the stride between pixels, `line` the stride between lines. */
function boxBlur(
  from: Float32Array,
  count: number,
  lines: number,
  radius: number,
  step: number,
  line: number,
): Float32Array {
  const to = new Float32Array(from.length);
  const at = (l: number, i: number, c: number): number => l * line + Math.min(count - 1, Math.max(0, i)) * step + c;
  for (let l = 0; l < lines; l++) {
    for (let c = 0; c < 3; c++) {
      let sum = 0;
      for (let i = -radius; i <= radius; i++) sum += from[at(l, i, c)]!;
      for (let i = 0; i < count; i++) {
        to[at(l, i, c)] = sum / (2 * radius + 1);
        sum += from[at(l, i + radius + 1, c)]! - from[at(l, i - radius, c)]!;
      }
    }
  }
  return to;
}
