import fc from 'fast-check';
import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PhotoError } from './photo-error.ts';
import { createPhotoSanitizer } from './photo-sanitizer.ts';
import type { PhotoSanitizer } from './photo-sanitizer.ts';
import { sniffFormat } from './sniff-format.ts';
import { animatedWebp, chart, noise } from './test-photos.ts';

let sanitizer: PhotoSanitizer;
let seeds: readonly Buffer[];
beforeAll(async () => {
  // The time limit of production would refuse photos on a slow, busy machine.
  sanitizer = createPhotoSanitizer({ limits: { timeoutMs: 120_000 } });
  const tagged = () =>
    noise(40, 32)
      .withExif({ IFD3: { GPSMapDatum: 'x' } })
      .withIccProfile('p3')
      .withXmp('<x/>');
  seeds = await Promise.all([
    tagged().jpeg().toBuffer(),
    noise(40, 32).jpeg({ progressive: true }).toBuffer(),
    chart().toColourspace('cmyk').jpeg().toBuffer(),
    tagged().png().toBuffer(),
    noise(40, 32).toColourspace('rgb16').png({ progressive: true }).toBuffer(),
    chart().png({ palette: true }).toBuffer(),
    tagged().webp().toBuffer(),
    chart().ensureAlpha(0.5).webp({ lossless: true }).toBuffer(),
    animatedWebp(20, 20, 3),
    chart().avif().toBuffer(),
    readFile(new URL('fixtures/grid.heic', import.meta.url)),
  ]);
});
afterAll(() => sanitizer[Symbol.asyncDispose]());

/** `a photo`, or the reason of a PhotoError. Any other error is thrown. */
async function outcome(bytes: Uint8Array): Promise<string> {
  try {
    const { jpeg, width, height } = await sanitizer.sanitize(bytes);
    const { format, width: w, height: h } = await sharp(jpeg).metadata();
    expect([format, w, h]).toEqual(['jpeg', width, height]);
    return 'a photo';
  } catch (error) {
    if (error instanceof PhotoError) return error.reason;
    throw error;
  }
}

test('a photo that is cut off is refused, unless it is a JPEG that only lacks its end', async () => {
  const whole = [
    await noise(200, 150).jpeg().toBuffer(),
    await noise(200, 150).jpeg({ progressive: true }).toBuffer(),
    await noise(200, 150).png().toBuffer(),
    await noise(200, 150).webp().toBuffer(),
    await noise(200, 150).webp({ lossless: true }).toBuffer(),
    await noise(200, 150).avif().toBuffer(),
  ];
  // From these fortieths on, a tenth of the rows is missing, or only some of the last bits.
  const taken = [34, 23, 40, 40, 40, 40];
  for (const [index, bytes] of whole.entries()) {
    expect(await outcome(bytes)).toBe('a photo');
    for (let part = 1; part < 40; part++) {
      const result = await outcome(bytes.subarray(0, Math.floor((bytes.length * part) / 40)));
      if (part < taken[index]!) expect(result, `${index}: ${part}/40`).toBe('TRUNCATED');
      if (part >= 39) expect(result, `${index}: ${part}/40`).toBe(index < 2 ? 'a photo' : 'TRUNCATED');
    }
    for (const few of [1, 2, 3, 8, 12, 16]) {
      expect(await outcome(bytes.subarray(0, few))).toMatch(/^(TRUNCATED|UNSUPPORTED_FORMAT)$/);
    }
  }
});

test('a damaged file is either decoded or refused, with the same result each time', async () => {
  const change = fc.oneof(
    fc.record({ kind: fc.constant('set' as const), at: fc.nat(), to: fc.uint8Array({ minLength: 1, maxLength: 8 }) }),
    fc.record({ kind: fc.constant('insert' as const), at: fc.nat(), to: fc.uint8Array({ maxLength: 40 }) }),
    fc.record({ kind: fc.constant('repeat' as const), at: fc.nat(), count: fc.nat({ max: 200 }) }),
    fc.record({ kind: fc.constant('remove' as const), at: fc.nat(), count: fc.nat({ max: 60 }) }),
    fc.record({ kind: fc.constant('extreme' as const), at: fc.nat(), to: fc.constantFrom(0, 0x7f, 0x80, 0xff) }),
  );
  const counts = new Map<string, number>();
  const processes = new Set<number>();
  const seed = fc.nat({ max: 10 });
  await fc.assert(
    fc.asyncProperty(seed, fc.array(change, { minLength: 1, maxLength: 4 }), async (which, changes) => {
      let bytes = seeds[which]!;
      for (const edit of changes) {
        const at = edit.at % (bytes.length + 1);
        const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)];
        if (edit.kind === 'set') bytes = Buffer.concat([head, edit.to, tail.subarray(edit.to.length)]);
        else if (edit.kind === 'insert') bytes = Buffer.concat([head, edit.to, tail]);
        else if (edit.kind === 'repeat') bytes = Buffer.concat([head, tail.subarray(0, edit.count), tail]);
        else if (edit.kind === 'remove') bytes = Buffer.concat([head, tail.subarray(edit.count)]);
        else bytes = Buffer.concat([head, Buffer.alloc(4, edit.to), tail.subarray(4)]);
      }
      const result = await outcome(bytes);
      expect(await outcome(bytes)).toBe(result);
      counts.set(result, (counts.get(result) ?? 0) + 1);
      sanitizer.pids.forEach((pid) => processes.add(pid));
    }),
    { numRuns: 600 },
  );
  console.info('damaged photos:', Object.fromEntries(counts), `in ${processes.size} processes`);
  expect(counts.get('a photo')).toBeGreaterThan(20);
  expect(counts.get('TRUNCATED')).toBeGreaterThan(100);
});

test('sniffFormat accepts any bytes, and finds the brands of AVIF and HEIC', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 700 }), (bytes) => void sniffFormat(bytes)));
  const box = (text: string) => Buffer.concat([Buffer.from([0xff, 0xff, 0xff, 0xff]), Buffer.from(`ftyp${text}`)]);
  expect(sniffFormat(box('avif'))).toEqual({ kind: 'photo', format: 'avif' });
  expect(sniffFormat(box('mif1\0\0\0\0heicavif'))).toEqual({ kind: 'photo', format: 'avif' });
  expect(sniffFormat(box('mif1\0\0\0\0miafheic'))).toEqual({ kind: 'photo', format: 'heic' });
});
