import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import { animatedGif, animatedWebp, blackPng, chart, withSegments } from '@cinematica/gateway/testing/photos';

/** A file to upload. */
export interface HostileFile {
  readonly name: string;
  readonly data: Uint8Array;
  /** Whether it is an ordinary small photo with hostile metadata, which may be accepted without them. Default false. */
  readonly isSmallPhoto?: boolean;
}

/** Text that must not be in anything that the system keeps. */
export const MARKER = 'MARKER-THAT-MUST-NOT-SURVIVE';

const GIB = 2 ** 30;

const HAS_HOSTILE_METADATA = /text|color profile/;

/** Small files that claim, or unpack to, very large pictures or metadata. */
export async function bombs(): Promise<HostileFile[]> {
  const small = chart(64, 48);
  const [jpeg, png, avif] = await Promise.all([
    small.clone().jpeg({ progressive: true }).toBuffer(),
    small.clone().png().toBuffer(),
    small.clone().avif({ effort: 0 }).toBuffer(),
  ]);
  // `deflate` of zeros, made once and used as the content of several chunks.
  const packed = deflateSync(Buffer.alloc(GIB / 8), { level: 9 });
  const keyword = Buffer.from('Comment\0\0', 'latin1');
  const files: Record<string, Uint8Array> = {
    'PNG of 30,000 × 30,000': blackPng(30_000, 30_000),
    'PNG of 100,000 × 10,000': blackPng(100_000, 10_000),
    'PNG of 7,100 × 7,100': blackPng(7_100, 7_100),
    'interlaced PNG of 30,000 × 30,000': blackPng(30_000, 30_000, { interlaced: true }),
    'PNG with 16 bits and alpha of 20,000 × 20,000': blackPng(20_000, 20_000, { bits: 16, channels: 4 }),
    'PNG whose header says 2³¹ - 1': withPngSize(png, 2 ** 31 - 1, 2 ** 31 - 1),
    'PNG whose header says 65,535': withPngSize(png, 65_535, 65_535),
    'PNG with 128 MB of compressed text': withPngChunk(png, 'zTXt', Buffer.concat([keyword, packed])),
    'PNG with a color profile of 128 MB': withPngChunk(png, 'iCCP', Buffer.concat([keyword, packed])),
    'PNG with 100,000 text chunks': withManyChunks(png, 100_000),
    'JPEG whose header says 65,535 × 65,535': withJpegSize(jpeg, 65_535, 65_535),
    'JPEG whose header says 65,500 × 900': withJpegSize(jpeg, 900, 65_500),
    'progressive JPEG with 20,000 scans': withManyScans(jpeg, 20_000),
    'JPEG with 500 color profile segments': withSegments(jpeg, manyProfiles()),
    'WebP of 268 megapixels': await animatedWebp(16, 16, 50, { width: 16_383, height: 16_383 }),
    'AVIF whose header says 30,000 × 30,000': withAvifSize(avif, 30_000, 30_000),
    'AVIF whose header says 2³¹ - 1': withAvifSize(avif, 2 ** 31 - 1, 2 ** 31 - 1),
    'GIF of 9,000 frames': animatedGif(65_535, 65_535, 9_000),
    'SVG with nested entities': Buffer.from(billionLaughs()),
    'SVG of 10⁹ pixels': Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="100000" height="10000"/>'),
  };
  return Object.entries(files).map(([name, data]) => ({ name, data, isSmallPhoto: HAS_HOSTILE_METADATA.test(name) }));
}

/** Files of formats that are not accepted, and files that are valid in two formats. All contain {@link MARKER}. */
export async function polyglots(): Promise<HostileFile[]> {
  const small = chart(64, 48);
  const [jpeg, png, webp, tiff, gif] = await Promise.all([
    small.clone().jpeg().toBuffer(),
    small.clone().png().toBuffer(),
    small.clone().webp().toBuffer(),
    small.clone().tiff().toBuffer(),
    small.clone().gif().toBuffer(),
  ]);
  const html = Buffer.from(`<html><script>alert("${MARKER}")</script></html>`);
  const pdf = Buffer.from(`%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\n% ${MARKER}\n%%EOF\n`);
  const zip = Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.from(MARKER), Buffer.from('PK\x05\x06')]);
  const php = Buffer.from(`<?php system($_GET["c"]); /* ${MARKER} */ ?>`);
  const hls = Buffer.from(`#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n# ${MARKER}\n`);
  const svg = Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" xmlns:x="http://www.w3.org/1999/xlink"><image x:href="http://192.0.2.1/${MARKER}" width="64" height="48"/></svg>`,
  );
  const payloads = { html, pdf, zip, php, hls, svg };
  const files: HostileFile[] = [];
  const add = (name: string, ...parts: readonly Uint8Array[]) => files.push({ name, data: Buffer.concat(parts) });
  for (const [name, payload] of Object.entries(payloads)) {
    for (const [format, photo] of Object.entries({ jpeg, png, webp, tiff, gif })) {
      add(`${format} followed by ${name}`, photo, payload);
      add(`${name} followed by ${format}`, payload, photo);
    }
    files.push({ name: `jpeg with ${name} as comment`, data: withSegments(jpeg, [[0xfe, payload]]) });
    files.push({ name: `png with ${name} as text`, data: withPngChunk(png, 'tEXt', payload) });
    add(name, payload);
  }
  const heads: Record<string, string> = {
    bmp: 'BM\x36\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\x18\0',
    psd: '8BPS\0\x01\0\0\0\0\0\0\0\x03\0\0\0\x40\0\0\0\x40\0\x08\0\x03',
    jp2: '\0\0\0\x0cjP  \r\n\x87\n',
    jxl: '\xff\x0a',
    heic: '\0\0\0\x18ftypheic\0\0\0\0heicmif1',
    mp4: '\0\0\0\x18ftypisom\0\0\0\0isommp42',
    vips: '\xb6\xa6\xf2\x08',
    exr: 'v/1\x01',
    fits: 'SIMPLE  =                    T',
    ppm: 'P6 64 48 255\n',
    ico: '\0\0\x01\0\x01\0',
    wasm: '\0asm\x01\0\0\0',
    matlab: 'MATLAB 5.0 MAT-file',
    'jpeg magic': '\xff\xd8\xff\xe0',
    'png magic': '\x89PNG\r\n\x1a\n',
    'webp magic': 'RIFF\xff\xff\0\0WEBPVP8 ',
    'avif magic': '\0\0\0\x18ftypavif\0\0\0\0avifmif1',
  };
  for (const [name, head] of Object.entries(heads)) {
    add(`${name} and text`, Buffer.from(head, 'latin1'), Buffer.from(MARKER.repeat(50)));
    add(`${name} and a jpeg`, Buffer.from(head, 'latin1'), jpeg, Buffer.from(MARKER));
  }
  return files;
}

/** The files of a folder with its subfolders. */
export async function filesOf(folder: string | null): Promise<HostileFile[]> {
  if (folder === null) return [];
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(paths.map(async (name) => ({ name, data: await readFile(name) })));
}

/** The accepted format whose first bytes these are; null for none. */
export function acceptedFormat(data: Uint8Array): string | null {
  const start = Buffer.from(data.subarray(0, 32)).toString('latin1');
  if (start.startsWith('\xff\xd8\xff')) return 'jpeg';
  if (start.startsWith('\x89PNG\r\n\x1a\n')) return 'png';
  if (start.startsWith('RIFF') && start.slice(8, 12) === 'WEBP') return 'webp';
  if (start.slice(4, 8) === 'ftyp' && /avi[fs]/.test(start)) return 'avif';
  return null;
}

function withPngSize(png: Uint8Array, width: number, height: number): Buffer {
  const copy = Buffer.from(png);
  copy.writeUInt32BE(width, 16);
  copy.writeUInt32BE(height, 20);
  copy.writeUInt32BE(crc32(copy.subarray(12, 29)), 29);
  return copy;
}

/** Inserts a chunk after the header. */
function withPngChunk(png: Uint8Array, type: string, body: Uint8Array): Buffer {
  return Buffer.concat([png.subarray(0, 33), pngChunk(type, body), png.subarray(33)]);
}

function pngChunk(type: string, body: Uint8Array): Buffer {
  const typed = Buffer.concat([Buffer.from(type), body]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(body.length);
  sum.writeUInt32BE(crc32(typed));
  return Buffer.concat([length, typed, sum]);
}

const withManyChunks = (png: Uint8Array, count: number): Buffer => {
  const one = pngChunk('tEXt', Buffer.from('Comment\0x', 'latin1'));
  return Buffer.concat([png.subarray(0, 33), ...Array.from({ length: count }, () => one), png.subarray(33)]);
};

function withJpegSize(jpeg: Uint8Array, width: number, height: number): Buffer {
  const copy = Buffer.from(jpeg);
  // The start of a baseline or progressive frame.
  for (let at = 2; at < copy.length;) {
    const marker = copy[at + 1]!;
    if (marker === 0xc0 || marker === 0xc2) {
      copy.writeUInt16BE(height, at + 5);
      copy.writeUInt16BE(width, at + 7);
      return copy;
    }
    at += 2 + copy.readUInt16BE(at + 2);
  }
  throw new Error('the JPEG has no frame');
}

/** Repeats the last scan of a progressive JPEG. */
function withManyScans(jpeg: Uint8Array, count: number): Buffer {
  const data = Buffer.from(jpeg);
  const scan = data.subarray(data.lastIndexOf(Buffer.from([0xff, 0xda])), data.length - 2);
  return Buffer.concat([data.subarray(0, -2), ...Array.from({ length: count }, () => scan), data.subarray(-2)]);
}

function manyProfiles(): (readonly [number, Uint8Array])[] {
  return Array.from({ length: 500 }, (_, index) => [
    0xe2,
    Buffer.concat([Buffer.from('ICC_PROFILE\0'), Buffer.from([index % 256, 255]), Buffer.alloc(20_000)]),
  ]);
}

function withAvifSize(avif: Uint8Array, width: number, height: number): Buffer {
  const copy = Buffer.from(avif);
  const at = copy.indexOf('ispe');
  copy.writeUInt32BE(width, at + 8);
  copy.writeUInt32BE(height, at + 12);
  return copy;
}

function billionLaughs(): string {
  const entities = Array.from({ length: 12 }, (_, level) => {
    const content = level === 0 ? 'ha' : `&e${level - 1};`.repeat(10);
    return `<!ENTITY e${level} "${content}">`;
  });
  return `<!DOCTYPE svg [${entities.join('')}]><svg xmlns="http://www.w3.org/2000/svg"><text>&e11;</text></svg>`;
}
