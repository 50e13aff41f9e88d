import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { normals, philox4x32 } from './philox.ts';

const key = { seed: 7, segment: 0, step: 0, tensor: 'latents' };

test.each([
  ['00000000 00000000 00000000 00000000', '00000000 00000000', '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
  ['ffffffff ffffffff ffffffff ffffffff', 'ffffffff ffffffff', '408f276d 41c83b0e a20bc7c6 6d5451fd'],
  ['243f6a88 85a308d3 13198a2e 03707344', 'a4093822 299f31d0', 'd16cfe09 94fdcceb 5001e420 24126ea1'],
])("Philox4x32-10 returns Random123's known answer for counter %s", (counter, words, answer) => {
  const parse = (text: string) => text.split(' ').map((word) => parseInt(word, 16));
  const [key0, key1] = parse(words) as [number, number];
  const state = Uint32Array.from(parse(counter));
  philox4x32(state, key0, key1);
  expect([...state]).toEqual(parse(answer));
});

describe('normals', () => {
  test('never change their bits', () => {
    const bits = (numbers: Float32Array) => Buffer.from(numbers.buffer).toString('hex');
    expect(bits(normals(key, 4))).toBe('90690a3f594b473e9508e93ecfa518c0');
    expect(bits(normals({ seed: 0xffffffff, segment: 3, step: 24, tensor: 'ñ' }, 4, 1_000_001))).toBe(
      'b468153ff78b863e928fdcbe70582c40',
    );
  });

  test('do not depend on the computed range', () => {
    const all = normals(key, 500);
    fc.assert(
      fc.property(fc.nat(500), fc.nat(500), (a, b) => {
        const [from, to] = [Math.min(a, b), Math.max(a, b)];
        expect(normals(key, to - from, from)).toEqual(all.slice(from, to));
      }),
    );
  });

  test('are normally distributed, and independent for each field of the key', () => {
    const count = 200_000;
    const base = normals(key, count);
    const mean = (values: Float32Array, power: number) =>
      values.reduce((sum, value) => sum + value ** power, 0) / count;
    // Within five standard errors of each moment.
    expect(Math.abs(mean(base, 1))).toBeLessThan(5 / Math.sqrt(count));
    expect(Math.abs(mean(base, 2) - 1)).toBeLessThan(5 * Math.sqrt(2 / count));
    expect(Math.abs(mean(base, 3))).toBeLessThan(5 * Math.sqrt(15 / count));
    expect(Math.abs(mean(base, 4) - 3)).toBeLessThan(5 * Math.sqrt(96 / count));
    // Kolmogorov–Smirnov against a few quantiles of the normal distribution.
    for (const [z, p] of [
      [-3, 0.0013498980316301],
      [-1, 0.158655253931457],
      [0.5, 0.691462461274013],
      [2.5, 0.993790334674224],
    ] as const) {
      const below = base.reduce((sum, value) => sum + Number(value < z), 0) / count;
      expect(Math.abs(below - p)).toBeLessThan(5 * Math.sqrt((p * (1 - p)) / count));
    }
    for (const other of [{ seed: 8 }, { segment: 1 }, { step: 1 }, { tensor: 'noise' }]) {
      const values = normals({ ...key, ...other }, count);
      const correlation = base.reduce((sum, value, i) => sum + value * values[i]!, 0) / count;
      expect(Math.abs(correlation)).toBeLessThan(5 / Math.sqrt(count));
    }
    const neighbours = base.reduce((sum, value, i) => sum + value * base[(i + 1) % count]!, 0) / count;
    expect(Math.abs(neighbours)).toBeLessThan(5 / Math.sqrt(count));
  });

  test.each([{ seed: -1 }, { seed: 2 ** 32 }, { segment: 0.5 }, { step: NaN }])('reject the key %j', (field) => {
    expect(() => normals({ ...key, ...field }, 1)).toThrow('must be a whole number from 0 to 2³² − 1');
  });
});
