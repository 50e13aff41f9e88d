import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PhotoError, PhotoProcessError, PhotosWaitingError } from './photo-error.ts';
import { createPhotoSanitizer } from './photo-sanitizer.ts';
import type { PhotoSanitizer, SanitizeOptions } from './photo-sanitizer.ts';
import type { Rgb } from './test-photos.ts';
import {
  animatedGif,
  animatedWebp,
  blackPng,
  chart,
  CORNERS,
  noise,
  pixelOf,
  segmentsOf,
  withSegments,
} from './test-photos.ts';

/** 96×128 by its rotation, of four tiles, with EXIF that says the same. The others are 64×48. Made by pillow-heif. */
const heic = (name: string) => readFileSync(new URL(`fixtures/${name}.heic`, import.meta.url));

/** 64×48, two red pictures and two green ones; made by ffmpeg. */
const animatedAvif = readFileSync(new URL('fixtures/animated.avif', import.meta.url));
/** The same as an animation alone: what describes the still picture is called free space. */
const animationOnly = Buffer.from(animatedAvif);
animationOnly.write('free', animationOnly.indexOf('meta'), 'latin1');

let sanitizer: PhotoSanitizer;
beforeAll(async () => {
  // A slow, busy machine takes more than the ten seconds of production for the largest of these photos.
  sanitizer = createPhotoSanitizer({ limits: { timeoutMs: 120_000 } });
  await sanitizer.ready();
});
afterAll(() => sanitizer[Symbol.asyncDispose]());

const sanitize = (bytes: Uint8Array, options?: SanitizeOptions) => sanitizer.sanitize(bytes, options);

/** Waits until a free process was taken for a photo, which needs only promises. */
const isTaken = () => new Promise(setImmediate);

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'no error',
    (error: unknown) => error,
  );

async function refusal(bytes: Uint8Array, options?: SanitizeOptions): Promise<string> {
  const error = await failure(sanitize(bytes, options));
  expect(error).toBeInstanceOf(PhotoError);
  const { reason, message } = error as PhotoError;
  expect(message).toMatch(/^[A-Z][^\n]+\.$/);
  return `${reason} ${message}`;
}

/** Changes the transfer characteristics in the colour description of a HEIF file. */
function withTransfer(file: Buffer, transfer: number): Buffer {
  const changed = Buffer.from(file);
  changed.writeUInt16BE(transfer, changed.indexOf('colrnclx') + 10);
  return changed;
}

const difference = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));

/** Colours near the four corners, in the order of {@link CORNERS}. */
async function corners({ jpeg, width, height }: { jpeg: Uint8Array; width: number; height: number }) {
  const [right, bottom] = [width - 4, height - 4];
  return Promise.all([
    pixelOf(jpeg, 3, 3),
    pixelOf(jpeg, right, 3),
    pixelOf(jpeg, 3, bottom),
    pixelOf(jpeg, right, bottom),
  ]);
}

describe('photos', () => {
  test.each<[string, () => Promise<Buffer>, string, number]>([
    ['JPEG', () => chart().jpeg({ quality: 100 }).toBuffer(), 'jpeg', 4],
    ['progressive JPEG', () => chart().jpeg({ progressive: true, quality: 100 }).toBuffer(), 'jpeg', 4],
    ['CMYK JPEG', () => chart().toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer(), 'jpeg', 45],
    ['PNG', () => chart().png().toBuffer(), 'png', 3],
    ['interlaced PNG', () => chart().png({ progressive: true }).toBuffer(), 'png', 3],
    ['16-bit PNG', () => chart().toColourspace('rgb16').png().toBuffer(), 'png', 3],
    ['PNG with a palette', () => chart().png({ palette: true }).toBuffer(), 'png', 6],
    ['PNG of a wider colour space', () => chart().withIccProfile('p3').png().toBuffer(), 'png', 4],
    ['opaque PNG with alpha', () => chart().ensureAlpha().png().toBuffer(), 'png', 3],
    ['WebP', () => chart().webp({ lossless: true }).toBuffer(), 'webp', 3],
    ['AVIF', () => chart().avif({ lossless: true }).toBuffer(), 'avif', 8],
    [
      '10-bit AVIF',
      () => chart().avif({ quality: 95, bitdepth: 10, chromaSubsampling: '4:4:4' }).toBuffer(),
      'avif',
      8,
    ],
  ])('%s becomes an 8-bit sRGB JPEG without metadata', async (_, make, format, tolerance) => {
    const photo = await sanitize(await make());
    expect(photo).toMatchObject({ width: 64, height: 48, original: { format, width: 64, height: 48, orientation: 1 } });
    const {
      format: outputFormat,
      space,
      channels,
      depth,
      chromaSubsampling,
      hasProfile,
    } = await sharp(photo.jpeg).metadata();
    expect([outputFormat, space, channels, depth, chromaSubsampling]).toEqual(['jpeg', 'srgb', 3, 'uchar', '4:4:4']);
    expect(hasProfile).toBe(false);
    (await corners(photo)).forEach((colour, i) =>
      expect(difference(colour, CORNERS[i]!)).toBeLessThanOrEqual(tolerance),
    );
  });

  test('a JPEG with megabytes of metadata is decoded without them', async () => {
    const jpeg = await chart(96, 64).withMetadata({ orientation: 6 }).withIccProfile('p3').jpeg().toBuffer();
    const plain = await sanitize(jpeg);
    const much = Array.from({ length: 100 }, (_, index) => [0xe5 + (index % 4), Buffer.alloc(50_000, index)] as const);
    expect(await sanitize(withSegments(jpeg, much))).toEqual(plain);
    expect(plain).toMatchObject({ width: 64, height: 96 });
  });

  test('the declared type and bytes after the photo have no effect', async () => {
    const jpeg = await chart().jpeg().toBuffer();
    const plain = await sanitize(jpeg);
    expect(await sanitize(jpeg, { declaredType: 'application/pdf' })).toEqual(plain);
    const zip = Buffer.from('PK\x03\x04<script>alert(1)</script>%PDF-1.7 SECRET-TAIL');
    expect(await sanitize(Buffer.concat([jpeg, zip]))).toEqual(plain);
    const polyglot = withSegments(jpeg, [[0xfe, Buffer.from('*/=1;alert(1)/*<svg onload=alert(1)>%PDF-1.7')]]);
    expect(await sanitize(polyglot)).toEqual(plain);
  });

  test('transparent pixels become white, and grey photos get three channels', async () => {
    const glass = { width: 20, height: 20, channels: 4, background: { r: 9, g: 9, b: 9, alpha: 0 } } as const;
    const clear = await sanitize(await sharp({ create: glass }).png().toBuffer());
    expect(await pixelOf(clear.jpeg, 9, 9)).toEqual([255, 255, 255]);
    const grey = sharp(Buffer.alloc(400, 77), { raw: { width: 20, height: 20, channels: 1 } }).toColourspace('b-w');
    for (const bytes of [await grey.clone().png().toBuffer(), await grey.clone().jpeg().toBuffer()]) {
      expect(await pixelOf((await sanitize(bytes)).jpeg, 9, 9)).toEqual([77, 77, 77]);
    }
  });

  // For each EXIF orientation, the corners of the stored picture in the order of the result's corners (EXIF 2.32, table 4).
  const upright: readonly (readonly [number, number, number, number])[] = [
    [0, 1, 2, 3],
    [1, 0, 3, 2],
    [3, 2, 1, 0],
    [2, 3, 0, 1],
    [0, 2, 1, 3],
    [2, 0, 3, 1],
    [3, 1, 2, 0],
    [1, 3, 0, 2],
  ];
  test.each(upright.map((order, i) => [i + 1, order] as const))(
    'a photo with orientation %i becomes upright',
    async (orientation, order) => {
      const stored = chart().withMetadata({ orientation });
      for (const bytes of [
        await stored.clone().jpeg({ quality: 100 }).toBuffer(),
        await stored.clone().webp({ lossless: true }).toBuffer(),
      ]) {
        const photo = await sanitize(bytes);
        expect([photo.width, photo.height]).toEqual(orientation > 4 ? [48, 64] : [64, 48]);
        expect(photo.original).toMatchObject({ width: 64, height: 48, orientation });
        expect((await sharp(photo.jpeg).metadata()).orientation).toBeUndefined();
        const seen = await corners(photo);
        order.forEach((from, to) => expect(difference(seen[to]!, CORNERS[from]!)).toBeLessThanOrEqual(5));
      }
    },
  );

  test('the result has no EXIF, GPS, XMP, thumbnail, profile or comment', async () => {
    const secret = (name: string) => Buffer.from(`SECRET-${name} 40.4168N 3.7038W`);
    const tagged = await chart()
      .withExif({ IFD0: { Make: 'SECRET-MAKE', Copyright: 'SECRET-OWNER' }, IFD3: { GPSMapDatum: 'SECRET-GPS' } })
      .withIccProfile('p3')
      .withXmp('<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf>SECRET-XMP</rdf></x:xmpmeta>')
      .jpeg()
      .toBuffer();
    const thumbnail = await noise(160, 120).jpeg().toBuffer();
    const jpeg = Buffer.concat([
      withSegments(tagged, [
        [0xe1, Buffer.concat([Buffer.from('http://ns.adobe.com/xap/1.0/\0'), secret('XAP')])],
        [0xe2, Buffer.concat([Buffer.from('MPF\0'), secret('MPF')])],
        [0xeb, Buffer.concat([Buffer.from('JP'), secret('C2PA')])],
        [0xed, Buffer.concat([Buffer.from('Photoshop 3.0\0'), secret('IPTC')])],
        [0xec, thumbnail],
        [0xfe, secret('COMMENT')],
      ]),
      thumbnail,
      secret('TRAILER'),
    ]);
    const png = await chart()
      .withExif({ IFD3: { GPSMapDatum: 'SECRET-GPS' } })
      .png()
      .toBuffer();
    const webp = await chart()
      .withExif({ IFD0: { Make: 'SECRET-MAKE' } })
      .withXmp('<x>SECRET-XMP</x>')
      .webp()
      .toBuffer();
    for (const bytes of [jpeg, png, webp]) {
      expect(bytes.includes('SECRET')).toBe(true);
      const result = Buffer.from((await sanitize(bytes)).jpeg);
      for (const mark of ['SECRET', 'Exif', 'GPS', 'adobe', 'xmp', 'MPF', 'ICC_PROFILE', 'Photoshop', '40.4168']) {
        expect(result.includes(mark), mark).toBe(false);
      }
      expect(result.includes(thumbnail.subarray(200, 232))).toBe(false);
      // The JFIF header, tables, frame and scan.
      for (const marker of segmentsOf(result)) expect([0xffe0, 0xffdb, 0xffc0, 0xffc4, 0xffda]).toContain(marker);
    }
  });

  test('large photos are scaled down, small ones keep their size', async () => {
    const size = async (width: number, height: number) => {
      const { width: w, height: h } = await sanitize(await chart(width, height).png().toBuffer());
      return [w, h];
    };
    expect(await size(4096, 1024)).toEqual([2560, 640]);
    expect(await size(300, 3000)).toEqual([300, 3000]);
    expect(await size(4000, 3000)).toEqual([2560, 1920]);
    expect(await size(3000, 3000)).toEqual([2236, 2236]);
    expect(await size(16, 16)).toEqual([16, 16]);
    expect(await size(2560, 16)).toEqual([2560, 16]);
  });

  test('an animated AVIF shows its first picture, whichever brand of a sequence it has', async () => {
    for (const brand of ['avis', 'avio', 'msf1']) {
      const animation = Buffer.from(animatedAvif);
      animation.write(brand, 8);
      const { jpeg, ...photo } = await sanitize(animation);
      expect(photo).toMatchObject({ width: 64, height: 48, original: { format: 'avif', width: 64, height: 48 } });
      expect(difference(await pixelOf(jpeg, 32, 24), [200, 60, 40])).toBeLessThanOrEqual(12);
    }
  });

  test('only the first frame of an animation is decoded', async () => {
    const photo = await sanitize(await animatedWebp(4000, 4000, 15_000));
    expect([photo.width, photo.height]).toEqual([2236, 2236]);
    expect(difference(await pixelOf(photo.jpeg, 999, 999), [200, 60, 40])).toBeLessThanOrEqual(3);
  });
});

describe('HEIC', () => {
  test.each([
    ['a grid of tiles that is turned', 'grid', [96, 128], [2, 0, 3, 1], 8],
    ['10 bits', 'ten-bit', [64, 48], [0, 1, 2, 3], 8],
    ['the primary image that is not the first', 'second-primary', [64, 48], [0, 1, 2, 3], 8],
  ] as const)('%s is decoded', async (_, name, [width, height], order, tolerance) => {
    const photo = await sanitize(heic(name));
    expect(photo).toMatchObject({ width, height, original: { format: 'heic', width, height, orientation: 1 } });
    const seen = await corners(photo);
    order.forEach((from, to) => expect(difference(seen[to]!, CORNERS[from])).toBeLessThanOrEqual(tolerance));
  });

  test('its ICC profile is applied, and transparent pixels become white', async () => {
    // The colours of the chart in Display P3, converted to sRGB by the matrix of CSS Color 4.
    const expected: readonly Rgb[] = [
      [217, 42, 23],
      [0, 163, 41],
      [22, 81, 197],
      [214, 189, 0],
    ];
    const seen = await corners(await sanitize(heic('p3')));
    seen.forEach((colour, i) => expect(difference(colour, expected[i]!)).toBeLessThanOrEqual(12));
    expect(await pixelOf((await sanitize(heic('alpha'))).jpeg, 60, 40)).toEqual([255, 255, 255]);
  });
});

describe('JPEGs without their end', () => {
  const photo = () => noise(400, 300);
  test.each([1, 3, 6, 8])('with orientation %i, the rows that are missing are cut off', async (orientation) => {
    const whole = await photo().withMetadata({ orientation }).jpeg().toBuffer();
    const result = await sanitize(whole.subarray(0, Math.floor(whole.length * 0.9)));
    const expected = await sanitize(whole);
    const isTurned = orientation > 4;
    const [across, down] = isTurned ? [result.height, result.width] : [result.width, result.height];
    expect(across).toBe(400);
    expect(down).toBeLessThan(290);
    expect(down).toBeGreaterThan(255);
    // What is left is at the side of the stored top.
    const [x, y] = [orientation === 6 ? expected.width - 5 : 5, orientation === 3 ? expected.height - 5 : 5];
    const [left, top] = [orientation === 6 ? result.width - 5 : 5, orientation === 3 ? result.height - 5 : 5];
    expect(difference(await pixelOf(result.jpeg, left, top), await pixelOf(expected.jpeg, x, y))).toBeLessThanOrEqual(
      6,
    );
  });

  test('without only its last marker, a photo is whole', async () => {
    const whole = await photo().jpeg().toBuffer();
    expect(await sanitize(whole.subarray(0, -2))).toMatchObject({ width: 400, height: 300 });
  });

  test('a progressive JPEG is taken when its last scan has begun', async () => {
    const whole = await photo().jpeg({ progressive: true }).toBuffer();
    expect(await sanitize(whole.subarray(0, Math.floor(whole.length * 0.97)))).toMatchObject({
      width: 400,
      height: 300,
    });
    expect(await refusal(whole.subarray(0, whole.length >> 1))).toMatch(/^TRUNCATED/);
  });

  test.each([0.5, 0.8])('with only %d of its bytes, a photo is refused', async (part) => {
    const whole = await photo().jpeg().toBuffer();
    expect(await refusal(whole.subarray(0, Math.floor(whole.length * part)))).toMatch(/^TRUNCATED/);
  });

  test('a photo whose second half is missing is refused, also when it has an end', async () => {
    const whole = await photo().jpeg().toBuffer();
    const damaged = Buffer.concat([whole.subarray(0, whole.length >> 1), whole.subarray(-2)]);
    expect(await refusal(damaged)).toMatch(/^TRUNCATED/);
  });
});

describe('refusals', () => {
  const isoFile = (...brands: string[]) => {
    const body = Buffer.from(`ftyp${brands[0]}\0\0\0\0${brands.slice(1).join('')}`, 'latin1');
    const size = Buffer.alloc(4);
    size.writeUInt32BE(body.length + 4);
    return Buffer.concat([size, body, Buffer.alloc(400)]);
  };
  test.each<[string, Uint8Array | (() => Promise<Buffer>), RegExp]>([
    ['zero bytes', new Uint8Array(), /^EMPTY The photo is empty/],
    [
      '13 MB',
      Buffer.concat([Buffer.from([0xff, 0xd8, 0xff]), Buffer.alloc(13e6)]),
      /^TOO_LARGE .* 13.01 MB; at most 12 MB/,
    ],
    ['one byte too many', Buffer.alloc(12_000_001), /^TOO_LARGE .* 12.01 MB; at most 12 MB/],
    ['text', Buffer.from('not a picture at all'), /^UNSUPPORTED_FORMAT This file is not a photo that can be read/],
    [
      'SVG',
      Buffer.from('<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>'),
      /^UNSUPPORTED_FORMAT .* is an SVG/,
    ],
    ['HTML', Buffer.from('\n<!doctype html><img src=x>'), /^UNSUPPORTED_FORMAT .* is a web page/],
    ['PDF', Buffer.from('%PDF-1.7\n%âãÏÓ'), /^UNSUPPORTED_FORMAT .* is a PDF/],
    ['GIF bomb', animatedGif(65_535, 65_535, 9000), /^UNSUPPORTED_FORMAT .* is a GIF/],
    ['TIFF', () => chart().tiff().toBuffer(), /^UNSUPPORTED_FORMAT .* is a TIFF/],
    ['MP4', isoFile('isom', 'mp42'), /^UNSUPPORTED_FORMAT .* is a video/],
    ['playlist', Buffer.from('#EXTM3U\nfile:///etc/passwd'), /^UNSUPPORTED_FORMAT/],
    ['MVG', Buffer.from('push graphic-context\nfill url(https://127.0.0.1/)'), /^UNSUPPORTED_FORMAT/],
    ['iPhone photo without a picture', isoFile('heic', 'mif1', 'heic'), /^TRUNCATED/],
    ['HEIC that is cut off', heic('grid').subarray(0, 900), /^TRUNCATED/],
    ['PQ', () => Promise.resolve(withTransfer(animatedAvif, 16)), /^UNSUPPORTED_FORMAT This photo is HDR \(PQ\)/],
    ['HLG', () => Promise.resolve(withTransfer(heic('ten-bit'), 18)), /^UNSUPPORTED_FORMAT This photo is HDR \(HLG\)/],
    [
      'HEIF with another codec',
      () => Promise.resolve(Buffer.from(heic('ten-bit').toString('latin1').replaceAll('hvcC', 'vvcC'), 'latin1')),
      /^HEIF_CODEC_UNSUPPORTED The codec of this HEIF photo \(VVC\) can't be read/,
    ],
    [
      'animated AVIF without a still picture',
      animationOnly,
      /^UNSUPPORTED_FORMAT This file is an animated AVIF without a still picture. Send a JPEG/,
    ],
    ['animated AVIF that is cut off', animatedAvif.subarray(0, 900), /^TRUNCATED/],
    ['HEIF without a picture', isoFile('mif1', 'mif1', 'miaf'), /^TRUNCATED/],
    [
      '900 megapixels',
      () => Promise.resolve(blackPng(30_000, 30_000)),
      /^TOO_MANY_PIXELS .* 30000×30000 .* 50 megapixels/,
    ],
    [
      '268 megapixels of WebP',
      () => animatedWebp(16, 16, 50, { width: 16_383, height: 16_383 }),
      /^TOO_MANY_PIXELS .* 16383×16383/,
    ],
    ['one pixel wide', () => chart(1, 200).png().toBuffer(), /^TOO_SMALL .* 1×200 pixels; each side needs at least 16/],
    ['1 × 20,000', () => Promise.resolve(blackPng(1, 20_000)), /^TOO_SMALL .* 1×20000/],
    ['a strip', () => Promise.resolve(blackPng(60_000, 40)), /^TOO_SMALL .* too narrow/],
    ['only a signature', Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), /^TRUNCATED The photo is damaged or cut off/],
    ['a PNG cut at its pixels', () => Promise.resolve(blackPng(900, 900).subarray(0, 60)), /^TRUNCATED/],
    ['a JPEG in name only', Buffer.from([0xff, 0xd8, 0xff, 0xd9]), /^TRUNCATED/],
  ])('%s', async (_, source, expected) => {
    const bytes = typeof source === 'function' ? await source() : source;
    expect(await refusal(bytes)).toMatch(expected);
  });

  test('the message repeats the declared type only if it is well-formed', async () => {
    const pdf = Buffer.from('%PDF-1.7');
    expect(await refusal(pdf, { declaredType: 'image/jpeg' })).toContain('This file, sent as image/jpeg, is a PDF.');
    expect(await refusal(pdf, { declaredType: '<script>\n' })).toContain('This file is a PDF.');
  });
});

describe('processes', () => {
  test('twenty concurrent photos are decoded one after the other in one process, and one more is refused', async () => {
    await using small = createPhotoSanitizer({ maxWaiting: 19 });
    const bytes = await noise(400, 300).jpeg().toBuffer();
    const photos = Array.from({ length: 20 }, () => small.sanitize(bytes));
    const late = failure(small.sanitize(bytes));
    expect(await late).toBeInstanceOf(PhotosWaitingError);
    const results = await Promise.all(photos);
    // One process decodes. The other one is the standby that replaces it.
    expect(small.pids).toHaveLength(2);
    for (const result of results) expect(result).toEqual(results[0]);
  });

  test('a process that is killed while it decodes is replaced, and the photo is decoded', async () => {
    // It is decoded twice.
    await using own = createPhotoSanitizer({ limits: { timeoutMs: 120_000 } });
    await own.ready();
    const photo = own.sanitize(blackPng(5000, 5000, { interlaced: true }));
    await isTaken();
    const [first] = own.pids;
    process.kill(first!, 'SIGKILL');
    expect(await photo).toMatchObject({ original: { format: 'png' } });
    expect(own.pids).not.toContain(first);

    // A process that is killed between two photos is replaced too.
    process.kill(own.pids[0]!, 'SIGKILL');
    expect(await own.sanitize(await chart().png().toBuffer())).toMatchObject({ width: 64 });
  });

  test('a photo of a client whose photos keep being refused is interrupted for one of another client', async () => {
    await using own = createPhotoSanitizer();
    await own.ready();
    for (let i = 0; i < 3; i++) {
      const cutOff = own.sanitize(heic('grid').subarray(0, 900), { client: 'eve' });
      expect(await failure(cutOff)).toMatchObject({ reason: 'TRUNCATED' });
    }
    const bytes = await chart().png().toBuffer();
    const [pid] = own.pids;
    process.kill(pid!, 'SIGSTOP');
    const interrupted = own.sanitize(bytes, { client: 'eve' });
    await isTaken();
    expect(await own.sanitize(bytes, { client: 'ann' })).toMatchObject({ width: 64 });
    expect(own.pids).not.toContain(pid);
    expect(await interrupted).toMatchObject({ width: 64 });
  });

  test('a photo that takes too long is refused, and the next one is served', async () => {
    await using own = createPhotoSanitizer({ limits: { timeoutMs: 700 } });
    await own.ready();
    const bytes = await chart().png().toBuffer();
    const [pid] = own.pids;
    process.kill(pid!, 'SIGSTOP');
    expect(await failure(own.sanitize(bytes))).toMatchObject({ name: 'PhotoError', reason: 'TIMEOUT' });
    expect(await own.sanitize(bytes)).toMatchObject({ width: 64 });
    expect(own.pids).not.toContain(pid);
  });

  test('a photo that takes more memory than its header says is refused, and the next one is served', async () => {
    await using own = createPhotoSanitizer({ limits: { maxMemory: 40 * 2 ** 20 } });
    const large = blackPng(7000, 7000, { interlaced: true });
    expect(await failure(own.sanitize(large))).toMatchObject({ reason: 'TOO_MANY_PIXELS', message: /too much memory/ });
    expect(await own.sanitize(await chart().png().toBuffer())).toMatchObject({ width: 64 });
  });

  test('an aborted signal ends a photo before it starts, in the queue, and while it is decoded', async () => {
    await using own = createPhotoSanitizer();
    await own.ready();
    const [pid] = own.pids;
    const bytes = await chart().png().toBuffer();
    await expect(own.sanitize(bytes, { signal: AbortSignal.abort() })).rejects.toThrow(/abort/);

    process.kill(pid!, 'SIGSTOP');
    const [running, queued] = [new AbortController(), new AbortController()];
    const first = failure(own.sanitize(bytes, { signal: running.signal }));
    const second = failure(own.sanitize(bytes, { signal: queued.signal }));
    const third = own.sanitize(bytes);
    queued.abort(new Error('aborted in the queue'));
    expect(await second).toEqual(new Error('aborted in the queue'));
    running.abort(new Error('aborted while it ran'));
    expect(await first).toEqual(new Error('aborted while it ran'));
    expect(await third).toMatchObject({ width: 64 });
  });

  test.runIf(process.platform === 'linux')(
    'a photo process has no environment variables of the gateway, and ends with it',
    async () => {
      const source = JSON.stringify(new URL('./photo-sanitizer.ts', import.meta.url));
      const script = `const { createPhotoSanitizer } = await import(${source});
      const sanitizer = createPhotoSanitizer();
      await sanitizer.ready();
      console.log(sanitizer.pids[0]);
      setInterval(() => {}, 1000);`;
      const gateway = spawn(process.execPath, ['--input-type=module', '-e', script], {
        env: { ...process.env, COOKIE_SECRET: 'hush' },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const [printed] = (await once(gateway.stdout, 'data')) as [Buffer];
      const folder = `/proc/${Number(printed.toString())}`;
      const names = readFileSync(`${folder}/environ`, 'utf8')
        .split('\0')
        .map((line) => line.split('=')[0]);
      expect(names.toSorted()).toEqual(['', 'MALLOC_ARENA_MAX', 'UV_THREADPOOL_SIZE', 'VIPS_BLOCK_UNTRUSTED']);
      gateway.kill('SIGKILL');
      await expect.poll(() => existsSync(folder)).toBe(false);
    },
  );

  test('closing rejects running and waiting photos', async () => {
    const own = createPhotoSanitizer();
    const bytes = await chart().png().toBuffer();
    const both = [failure(own.sanitize(bytes)), failure(own.sanitize(bytes))];
    await isTaken();
    const { pids } = own;
    await own[Symbol.asyncDispose]();
    for (const error of await Promise.all(both)) expect(error).toBeInstanceOf(PhotoProcessError);
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    expect(await failure(own.sanitize(bytes))).toBeInstanceOf(PhotoProcessError);
  });
});
