import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readHeif } from './heif-properties.ts';

const fixture = (name: string): Buffer =>
  readFileSync(new URL(`../../../services/gateway/src/photo/fixtures/${name}`, import.meta.url));
const SRGB = { primaries: 1, transfer: 13 };

test.each([
  ['grid.heic', { size: { width: 96, height: 128 }, colour: SRGB }],
  ['second-primary.heic', { size: { width: 64, height: 48 }, colour: SRGB }],
  // It has an ICC profile instead.
  ['p3.heic', { size: { width: 64, height: 48 }, colour: null }],
  ['animated.avif', { size: { width: 64, height: 48 } }],
])('%s: the size and the colours of the primary image', (name, expected) => {
  expect(readHeif(fixture(name))).toMatchObject(expected);
});

test('a file that is cut off or damaged has no properties, or other ones, but does not fail', () => {
  const whole = fixture('grid.heic');
  expect(readHeif(Buffer.from('this is no photo'))).toBeNull();
  expect(readHeif(whole.subarray(0, 60))).toBeNull();
  for (let at = 0; at < 600; at++) {
    readHeif(whole.subarray(0, at));
    const damaged = Buffer.from(whole);
    damaged[at] = 0xff;
    readHeif(damaged);
  }
});
