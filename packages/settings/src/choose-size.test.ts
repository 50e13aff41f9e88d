import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chooseSize, SizeError } from './choose-size.ts';
import type { SizeRules } from './choose-size.ts';

const xt: SizeRules = { sizes: [{ width: 1024, height: 576 }], multiple: 64 };
const choose = (request: string, width: number, height: number, rules = xt) => {
  const size = chooseSize(request, { width, height }, rules);
  return `${size.width}x${size.height}`;
};

describe('chooseSize', () => {
  test('auto chooses the nearest aspect ratio', () => {
    expect(choose('auto', 4000, 2250)).toBe('1024x576');
    expect(choose('auto', 4000, 3000)).toBe('832x640');
    expect(choose('auto', 3000, 4000)).toBe('640x832');
    expect(choose('auto', 1000, 1000)).toBe('768x768');
    expect(choose('auto', 1000, 920)).toBe('832x768');
  });

  test.each([
    [1920, 1088, '1024x576'],
    [3000, 3000, '768x768'],
    [4000, 3000, '888x664'],
    [1080, 1350, '688x856'],
  ])(
    'with multiples of 8, a photo of %ix%i gets its own shape, or a recommended one near it',
    (width, height, size) => {
      expect(choose('auto', width, height, { sizes: [...xt.sizes, { width: 768, height: 768 }], multiple: 8 })).toBe(
        size,
      );
    },
  );

  test('auto prefers a recommended size to others with the same aspect ratio', () => {
    const many: SizeRules = { ...xt, sizes: [...xt.sizes, { width: 640, height: 640 }] };
    expect(choose('Auto', 512, 512, many)).toBe('640x640');
  });

  test('auto crops a panorama, unless the model recommends a size of its shape', () => {
    expect(choose('auto', 9000, 1000)).toBe('1152x512');
    const wide: SizeRules = { ...xt, sizes: [...xt.sizes, { width: 1536, height: 384 }] };
    expect(choose('auto', 9000, 1000, wide)).toBe('1536x384');
    expect(choose('auto', 1000, 9000, wide)).toBe('384x1536');
  });

  test('an aspect ratio keeps the area; an exact size is used unchanged', () => {
    expect(choose('9:16', 10, 10)).toBe('576x1024');
    expect(choose('1:1', 10, 20)).toBe('768x768');
    expect(choose('4:3', 10, 20)).toBe('832x640');
    expect(choose('8:1', 10, 20)).toBe('2048x256');
    expect(choose('640X384', 10, 10)).toBe('640x384');
    expect(choose('512×256', 10, 10)).toBe('512x256');
  });

  test.each([
    ['1000x576', 'size 1000x576: width and height must be multiples of 64, up to 4096; the nearest is 1024x576'],
    ['0x64', 'size 0x64: width and height must be multiples of 64, up to 4096; the nearest is 64x64'],
    ['9999x64', 'size 9999x64: width and height must be multiples of 64, up to 4096; the nearest is 4096x64'],
    ['1:99', 'size 1:99: the aspect ratio must be between 1:8 and 8:1'],
    ['1:0', 'size 1:0: the aspect ratio must be between 1:8 and 8:1'],
    ['big', 'size big: use auto, an aspect ratio such as 16:9, or width x height such as 1024x576'],
  ])('rejects %s', (request, message) => {
    expect(() => choose(request, 10, 10)).toThrow(new SizeError(message));
  });

  const nano: SizeRules = {
    sizes: [
      { width: 512, height: 288 },
      { width: 384, height: 384 },
      { width: 416, height: 320 },
      { width: 448, height: 352 },
      { width: 480, height: 320 },
    ],
    multiple: 32,
  };
  const shapes = [
    [4, 3],
    [3, 2],
    [16, 9],
    [19.5, 9],
    [5, 4],
    [1, 1],
  ] as const;

  test.each([
    ['nano', nano],
    ['svd-xt', xt],
  ])('auto shows at least 97 %% of a photo in a common shape (%s)', (_, rules) => {
    fc.assert(
      fc.property(
        fc.constantFrom(...shapes),
        fc.boolean(),
        // The sides of a photo are rounded to whole pixels, and cameras add or leave out a few.
        fc.integer({ min: 1000, max: 9000 }),
        fc.integer({ min: -2, max: 2 }),
        ([long, short], upright, side, more) => {
          const [a, b] = [side, Math.round((side * short) / long) + more];
          const photo = upright ? { width: b, height: a } : { width: a, height: b };
          const size = chooseSize('auto', photo, rules);
          const ratio = (size.width / size.height) * (photo.height / photo.width);
          expect(Math.min(ratio, 1 / ratio)).toBeGreaterThanOrEqual(0.97);
          const area = (size.width * size.height) / (rules.sizes[0].width * rules.sizes[0].height);
          expect(Math.abs(area - 1)).toBeLessThanOrEqual(0.12);
        },
      ),
    );
  });

  test('auto returns multiples in the orientation of the photo', () => {
    const side = fc.integer({ min: 16, max: 9000 });
    fc.assert(
      fc.property(side, side, fc.constantFrom(8, 16, 64), (width, height, multiple) => {
        const size = chooseSize('auto', { width, height }, { ...xt, multiple });
        expect([size.width % multiple, size.height % multiple]).toEqual([0, 0]);
        expect((size.width - size.height) * (width - height)).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
