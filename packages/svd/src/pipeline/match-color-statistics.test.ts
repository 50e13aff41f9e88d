import { expect, test } from 'vitest';
import { normals } from '../random/philox.ts';
import { channelStatistics, matchColorStatistics } from './match-color-statistics.ts';

const size = { channels: 3, height: 8, width: 10 };
const frame = 3 * 8 * 10;

/** Frames of a moving texture, whose first channel rises slowly. `drift` gives the gain and offset of each frame. */
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

test('removes the jump at the first frame and the drift at the last frame', () => {
  const first = scene(0, 10, still);
  const truth = scene(9, 10, still);
  const drifted = scene(9, 10, (along) => ({ gain: 1.1, offset: 0.4 + 0.4 * along }));
  const previousFrame = of(first, 9);
  const matched = matchColorStatistics(drifted, size, { previousFrame, firstSegment: channelStatistics(first, size) });

  expect(distance(drifted, 0, first, 9)).toBeGreaterThan(0.4);
  expect(distance(matched, 0, first, 9)).toBeLessThan(1e-5);
  expect(of(matched, 0).std[1]).toBeCloseTo(previousFrame.std[1]!, 5);
  expect(distance(drifted, 9, truth, 9)).toBeGreaterThan(0.8);
  expect(distance(matched, 9, truth, 9)).toBeLessThan(0.55);
  // The differences between frames remain those of the segment without drift.
  for (let t = 1; t < 10; t++) {
    expect(distance(matched, t, matched, t - 1)).toBeLessThan(distance(truth, t, truth, t - 1) + 0.1);
  }
});

test('with the previous frame alone, changes within the segment remain; a uniform frame is not amplified', () => {
  const drifted = scene(9, 10, () => ({ gain: 1, offset: 0.4 }));
  const matched = matchColorStatistics(drifted, size, { previousFrame: of(scene(0, 10, still), 9) });
  matched.forEach((value, at) => expect(value).toBeCloseTo(drifted[at]! - 0.4, 4));

  const uniform = new Float32Array(frame).fill(2);
  const same = matchColorStatistics(uniform, size, {
    previousFrame: { mean: [1, 1, 1], std: [5, 5, 5], detail: [5, 5, 5] },
  });
  same.forEach((value) => expect(value).toBeCloseTo(1, 5));
});

test.each([
  ['restores lost detail', 0.85],
  ['removes added grain', 1.15],
])('%s without a change of contrast', (_, factor) => {
  const plane = { channels: 1, height: 32, width: 48 };
  const grain = normals({ seed: 2, segment: 0, step: 0, tensor: 'grain' }, 32 * 48);
  const picture = (detail: number) =>
    Float32Array.from(grain, (value, at) => 2 * Math.sin((at % 48) / 8) + detail * value);
  const wanted = channelStatistics(picture(1), plane);
  const matched = channelStatistics(matchColorStatistics(picture(factor), plane, { previousFrame: wanted }), plane);
  expect(channelStatistics(picture(factor), plane).detail[0]! / wanted.detail[0]!).toBeCloseTo(factor, 1);
  expect(matched.detail[0]! / wanted.detail[0]!).toBeCloseTo(1, 2);
  expect(matched.std[0]! / wanted.std[0]!).toBeCloseTo(1, 2);
});
