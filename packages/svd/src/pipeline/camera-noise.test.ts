import { expect, test } from 'vitest';
import { normals } from '../random/philox.ts';
import { withCameraMove } from './camera-noise.ts';

const size = { channels: 4, height: 6, width: 9 };
const frames = 5;
const place = size.height * size.width;
const noise = normals({ seed: 7, segment: 0, step: 0, tensor: 'latents' }, frames * size.channels * place);
const camera = { channels: [3, 1], scale: 50, moves: { still: [0, 0], 'pan-left': [-8, 2.5] } };

/** The number of a channel, by the definition in `CameraNoise`. */
function numberOf(values: Float32Array, channel: number): number {
  const products = [...values].flatMap((value, i) => {
    const [x, y] = [i % size.width, Math.floor(i / size.width) % size.height];
    return Math.floor(i / place) % size.channels === channel ? [value * ((x + y) % 2 === 0 ? 1 : -1)] : [];
  });
  return (camera.scale * products.reduce((sum, product) => sum + product, 0)) / products.length;
}

test('sets the numbers of the camera move, whatever the seed', () => {
  const moved = withCameraMove(noise, size, camera, 'pan-left');
  expect(numberOf(moved, 3)).toBeCloseTo(-8, 4);
  expect(numberOf(moved, 1)).toBeCloseTo(2.5, 4);
  const other = withCameraMove(
    noise.map((value) => 1 - value),
    size,
    camera,
    'still',
  );
  expect([numberOf(other, 3), numberOf(other, 1)].map((value) => Math.abs(Math.round(value * 1e4)))).toEqual([0, 0]);
});

test('keeps the other channels, and everything in the changed channels but the pattern', () => {
  const moved = withCameraMove(noise, size, camera, 'pan-left');
  const shifts = moved.map((value, i) => Math.abs(value - noise[i]!));
  for (const [i, shift] of shifts.entries()) {
    const channel = Math.floor(i / place) % size.channels;
    if (!camera.channels.includes(channel)) expect(shift).toBe(0);
    else expect(shift).toBeCloseTo(shifts[channel * place]!, 5);
  }
});

test('without a camera move the noise is not changed; an unsupported one is refused', () => {
  expect(withCameraMove(noise, size, camera, undefined)).toBe(noise);
  expect(() => withCameraMove(noise, size, camera, 'push-in')).toThrow('does not support the camera move push-in');
  expect(() => withCameraMove(noise, size, undefined, 'still')).toThrow(RangeError);
});
