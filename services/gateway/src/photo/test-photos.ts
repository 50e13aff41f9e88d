/** Photos and malformed files for tests. */
import { constants, crc32, deflateRawSync } from 'node:zlib';
import sharp from 'sharp';
import type { Sharp } from 'sharp';

export type Rgb = readonly [number, number, number];

/** The colours of {@link chart}: top left, top right, bottom left, bottom right. */
export const CORNERS: readonly [Rgb, Rgb, Rgb, Rgb] = [
  [200, 60, 40],
  [30, 160, 60],
  [40, 80, 190],
  [210, 190, 60],
];

/** An image of four rectangles in different colours. */
export function chart(width = 64, height = 48): Sharp {
  const row = ([left, right]: readonly Rgb[]): Buffer => {
    const data = Buffer.alloc(width * 3);
    for (let x = 0; x < width; x++) data.set((x < width / 2 ? left : right)!, x * 3);
    return data;
  };
  const [top, bottom] = [row(CORNERS.slice(0, 2)), row(CORNERS.slice(2))];
  const data = Buffer.concat(Array.from({ length: height }, (_, y) => (y < height / 2 ? top : bottom)));
  return sharp(data, { raw: { width, height, channels: 3 } });
}

/** An image of noise, in which every damage is visible. */
export function noise(width: number, height: number): Sharp {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < data.length; i++) data[i] = Math.imul(i + 1, 2654435761) >>> 25;
  return sharp(data, { raw: { width, height, channels: 3 } });
}

/**
 * A grey baseline JPEG of any size with standard tables. Its pixels are never in memory: each square of 16 × 16 pixels has the
 * same four bytes.
 */
export async function greyJpeg(width: number, height: number): Promise<Buffer> {
  const grey = sharp({ create: { width: 16, height: 16, channels: 3, background: '#808080' } });
  const square = await grey.jpeg({ chromaSubsampling: '4:2:0', optimiseCoding: false }).toBuffer();
  const scan = square.indexOf(Buffer.from([0xff, 0xda]));
  const head = square.subarray(0, scan + 2 + square.readUInt16BE(scan + 2));
  const frame = head.indexOf(Buffer.from([0xff, 0xc0]));
  head.writeUInt16BE(height, frame + 5);
  head.writeUInt16BE(width, frame + 7);
  const squares = Math.ceil(width / 16) * Math.ceil(height / 16);
  return Buffer.concat([head, Buffer.alloc(4 * squares, square.subarray(head.length, -2)), square.subarray(-2)]);
}

export function pngOf(header: Uint8Array, data: Uint8Array): Buffer {
  const chunk = (type: string, body: Uint8Array): Buffer => {
    const typed = Buffer.concat([Buffer.from(type), body]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(body.length);
    sum.writeUInt32BE(crc32(typed));
    return Buffer.concat([length, typed, sum]);
  };
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', data), chunk('IEND', Buffer.alloc(0))]);
}

/** A valid black PNG of any size. Its pixels are never in memory: 30,000 × 30,000 pixels take 2.6 MB. */
export function blackPng(width: number, height: number, { interlaced = false, bits = 8, channels = 3 } = {}): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([bits, channels === 4 ? 6 : 2, 0, 0, interlaced ? 1 : 0], 8);
  // Adam7 stores the pixels in seven passes. Each row of each pass has one more byte, for the filter.
  const passes = interlaced ? ADAM7 : [[0, 0, 1, 1] as const];
  let length = 0;
  for (const [x, y, dx, dy] of passes) {
    length += Math.ceil((height - y) / dy) * (1 + (Math.ceil((width - x) / dx) * channels * bits) / 8);
  }
  const block = 2 ** 22;
  const zeros = (count: number): Buffer =>
    deflateRawSync(Buffer.alloc(count), { level: 9, finishFlush: constants.Z_FULL_FLUSH });
  const adler = Buffer.alloc(4);
  adler.writeUInt16BE(length % 65_521, 0);
  adler.writeUInt16BE(1, 2);
  const whole = zeros(block);
  const blocks = Array.from({ length: Math.floor(length / block) }, () => whole);
  const end = Buffer.from([0x03, 0x00]);
  return pngOf(header, Buffer.concat([Buffer.from([0x78, 0xda]), ...blocks, zeros(length % block), end, adler]));
}

/** The first column, first row, column step and row step of each pass. */
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** An animated WebP. Each frame has one colour, red for the first and green for the others, and is in the canvas' corner. */
export async function animatedWebp(
  width: number,
  height: number,
  frames: number,
  canvasSize = { width, height },
): Promise<Buffer> {
  const frame = async (background: string): Promise<Buffer> => {
    const still = await sharp({ create: { width, height, channels: 3, background } })
      .webp({ lossless: true })
      .toBuffer();
    const head = Buffer.alloc(16);
    head.writeUIntLE(width - 1, 6, 3);
    head.writeUIntLE(height - 1, 9, 3);
    head.writeUIntLE(40, 12, 3);
    return riffChunk('ANMF', Buffer.concat([head, still.subarray(12)]));
  };
  const canvas = Buffer.alloc(10);
  canvas[0] = 0x02;
  canvas.writeUIntLE(canvasSize.width - 1, 4, 3);
  canvas.writeUIntLE(canvasSize.height - 1, 7, 3);
  const [red, green] = [await frame('#c83c28'), await frame('#28c83c')];
  const rest = Array.from({ length: frames - 1 }, () => green);
  const chunks = [riffChunk('VP8X', canvas), riffChunk('ANIM', Buffer.alloc(6)), red, ...rest];
  return riffChunk('RIFF', Buffer.concat([Buffer.from('WEBP'), ...chunks]));
}

function riffChunk(type: string, body: Uint8Array): Buffer {
  const head = Buffer.alloc(8, type);
  head.writeUInt32LE(body.length, 4);
  return Buffer.concat([head, body, Buffer.alloc(body.length % 2)]);
}

/** A GIF with frames of one colour each, whose data are minimal. */
export function animatedGif(width: number, height: number, frames: number): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt16LE(width, 0);
  size.writeUInt16LE(height, 2);
  const head = Buffer.concat([Buffer.from('GIF89a'), size, Buffer.from([0x80, 0, 0, 0, 0, 0, 255, 255, 255])]);
  const frame = Buffer.concat([Buffer.from([0x2c, 0, 0, 0, 0]), size, Buffer.from([0, 2, 2, 0x44, 1, 0])]);
  return Buffer.concat([head, ...Array.from({ length: frames }, () => frame), Buffer.from([0x3b])]);
}

/** Inserts segments, such as `[0xe1, body]` for APP1, at the start of a JPEG. */
export function withSegments(jpeg: Uint8Array, segments: readonly (readonly [number, Uint8Array])[]): Buffer {
  const parts = segments.flatMap(([marker, body]) => {
    const head = Buffer.from([0xff, marker, 0, 0]);
    head.writeUInt16BE(body.length + 2, 2);
    return [head, body];
  });
  return Buffer.concat([jpeg.subarray(0, 2), ...parts, jpeg.subarray(2)]);
}

/** The markers of a JPEG up to the start of its pixels. */
export function segmentsOf(jpeg: Uint8Array): number[] {
  const markers: number[] = [];
  const view = new DataView(jpeg.buffer, jpeg.byteOffset, jpeg.length);
  for (let at = 2; ; at += 2 + view.getUint16(at + 2)) {
    markers.push(view.getUint16(at));
    if (markers.at(-1) === 0xffda) return markers;
  }
}

/** The colour of a pixel of an encoded image. */
export async function pixelOf(image: Uint8Array, x: number, y: number): Promise<number[]> {
  const { data, info } = await sharp(image).raw().toBuffer({ resolveWithObject: true });
  return [...data.subarray((y * info.width + x) * info.channels, (y * info.width + x + 1) * info.channels)];
}
