import { expect, test } from 'vitest';
import { objectOfForm } from './form-fields.ts';

/** The object as plain JSON. */
const parse = (...entries: readonly (readonly [string, string])[]): unknown =>
  JSON.parse(JSON.stringify(objectOfForm(entries)));

test('brackets in the names of fields make objects and lists', () => {
  expect(parse(['seed', '1'], ['video[id]', 'v'], ['crop[x]', '0'], ['crop[y]', '1'])).toEqual({
    seed: '1',
    video: { id: 'v' },
    crop: { x: '0', y: '1' },
  });
  const images = [
    { type: 'image_url', image_url: { url: 'a' } },
    { type: 'image_url', image_url: { url: 'b' } },
  ];
  // The two ways in which clients write lists.
  expect(
    parse(
      ['frame_images[][type]', 'image_url'],
      ['frame_images[][image_url][url]', 'a'],
      ['frame_images[][type]', 'image_url'],
      ['frame_images[][image_url][url]', 'b'],
    ),
  ).toEqual({ frame_images: images });
  expect(
    parse(
      ['frame_images[0][type]', 'image_url'],
      ['frame_images[0][image_url][url]', 'a'],
      ['frame_images[1][type]', 'image_url'],
      ['frame_images[1][image_url][url]', 'b'],
    ),
  ).toEqual({ frame_images: images });
  expect(parse(['outputs[]', 'webp'], ['outputs[]', 'loop'])).toEqual({ outputs: ['webp', 'loop'] });
});

test.each([
  [['seed', 'seed']],
  [['video', 'video[id]']],
  [['video[id]', 'video']],
  [['a[[b']],
  [['a]b']],
  [['Seed']],
  [['a[b][c][d][e][f]']],
  [['']],
])('the names %j are refused', (names) => {
  expect(() => objectOfForm(names.map((name) => [name, '1']))).toThrow(/field/);
});

test('__proto__ is a field like any other', () => {
  const fields = objectOfForm([['__proto__[seed]', '1']]);
  expect(Object.keys(fields)).toEqual(['__proto__']);
  expect(({} as { readonly seed?: string }).seed).toBeUndefined();
});
