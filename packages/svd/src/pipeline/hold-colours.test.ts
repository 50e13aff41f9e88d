import { expect, test } from 'vitest';
import { normals } from '../random/philox.ts';
import { channelStatistics, holdColours } from './hold-colours.ts';

const size = { channels: 3, height: 8, width: 10 };
const frame = 3 * 8 * 10;

/** A picture that changes by itself from frame to frame: it moves, and its first channel slowly rises. */
function scene(first: number, frames: number, drift: (along: number) => { gain: number; offset: number }) {
  const texture = normals({ seed: 1, segment: 0, step: 0, tensor: 'scene' }, frame + 100);
  return Float32Array.from({ length: frames * frame }, (_, at) => {
    const t = Math.floor(at / frame);
    const { gain, offset } = drift(t / (frames - 1));
    return gain * (texture[(at % frame) + first + t]! + (at % frame < 80 ? 0.05 * (first + t) : 0)) + offset;
  });
}
const still = () => ({ gain: 1, offset: 0 });
const of = (latents: Float32Array, t: number) => channelStatistics(latents.subarray(t * frame, (t + 1) * frame), size);
const distance = (a: Float32Array, t: number, b: Float32Array, u: number) =>
  Math.max(...of(a, t).mean.map((mean, c) => Math.abs(mean - of(b, u).mean[c]!)));

test('a segment that begins off and drifts is brought back: no jump at the seam, no drift at its end', () => {
  const first = scene(0, 10, still);
  const truth = scene(9, 10, still);
  const drifted = scene(9, 10, (along) => ({ gain: 1.1, offset: 0.4 + 0.4 * along }));
  const seam = of(first, 9);
  const held = holdColours(drifted, size, { seam, whole: channelStatistics(first, size) });

  expect(distance(drifted, 0, first, 9)).toBeGreaterThan(0.4);
  expect(distance(held, 0, first, 9)).toBeLessThan(1e-5);
  expect(of(held, 0).std[1]).toBeCloseTo(seam.std[1]!, 5);
  expect(distance(drifted, 9, truth, 9)).toBeGreaterThan(0.8);
  expect(distance(held, 9, truth, 9)).toBeLessThan(0.55);
  // From frame to frame it moves as the undrifted one does.
  for (let t = 1; t < 10; t++) {
    expect(distance(held, t, held, t - 1)).toBeLessThan(distance(truth, t, truth, t - 1) + 0.1);
  }
});

test('with the seam alone, what the segment itself does stays; a plain frame is not blown up', () => {
  const drifted = scene(9, 10, () => ({ gain: 1, offset: 0.4 }));
  const held = holdColours(drifted, size, { seam: of(scene(0, 10, still), 9) });
  held.forEach((value, at) => expect(value).toBeCloseTo(drifted[at]! - 0.4, 4));

  const plain = new Float32Array(frame).fill(2);
  const same = holdColours(plain, size, { seam: { mean: [1, 1, 1], std: [5, 5, 5], detail: [5, 5, 5] } });
  same.forEach((value) => expect(value).toBeCloseTo(1, 5));
});

test.each([
  ['detail that was lost comes back', 0.85],
  ['grain that was gained goes', 1.15],
])('%s, and contrast stays', (_, factor) => {
  const plane = { channels: 1, height: 32, width: 48 };
  const grain = normals({ seed: 2, segment: 0, step: 0, tensor: 'grain' }, 32 * 48);
  const picture = (detail: number) =>
    Float32Array.from(grain, (value, at) => 2 * Math.sin((at % 48) / 8) + detail * value);
  const wanted = channelStatistics(picture(1), plane);
  const held = channelStatistics(holdColours(picture(factor), plane, { seam: wanted }), plane);
  expect(channelStatistics(picture(factor), plane).detail[0]! / wanted.detail[0]!).toBeCloseTo(factor, 1);
  expect(held.detail[0]! / wanted.detail[0]!).toBeCloseTo(1, 2);
  expect(held.std[0]! / wanted.std[0]!).toBeCloseTo(1, 2);
});
