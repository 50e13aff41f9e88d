import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { normals } from '../random/philox.ts';
import { readCameraNetwork } from './camera-network.ts';
import { cameraNumbers, initialNoiseKey } from './camera-noise.ts';
import { readCameraPath } from './camera-path.ts';
import type { PartOutside } from './camera-path.ts';
import { openCheckpoint } from './open-checkpoint.ts';
import { resolveSettings } from './settings.ts';
import type { SettingsRequest } from './settings.ts';

let nano: Checkpoint;
let path: PartOutside;

beforeAll(async () => {
  nano = await openCheckpoint(fileURLToPath(new URL('../../../../models/nano', import.meta.url)));
  path = (await readCameraPath(nano))!;
});

/** The result of a generator. */
function resultOf<T>(steps: Generator<undefined, T, undefined>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

const settingsOf = (change: Partial<SettingsRequest>) =>
  resolveSettings(nano.card, { width: 512, height: 288, seed: 1, ...change });
const outside = (change: Partial<SettingsRequest>, shown = 50): number => resultOf(path(settingsOf(change), shown));

test('the numbers of a seed are those of the noise that the denoiser draws', () => {
  const size = { channels: 7, width: 9, height: 6 };
  const camera = { ...nano.card.camera!, scale: 50 };
  const key = initialNoiseKey({ seed: 7, segment: 3 }, nano.card);
  expect(key).toEqual({ seed: 7, segment: 0, step: 0, tensor: 'latents' });
  const sums = camera.channels.map(() => 0);
  for (const [i, value] of normals(key, 5 * 7 * 54).entries()) {
    const [x, y, channel] = [i % 9, Math.floor(i / 9) % 6, Math.floor(i / 54) % 7];
    const n = camera.channels.indexOf(channel);
    if (n >= 0) sums[n]! += (x + y) % 2 === 0 ? value : -value;
  }
  const numbers = resultOf(cameraNumbers(key, 5, size, camera));
  expect(numbers).toHaveLength(5);
  for (const [n, value] of numbers.entries()) expect(value).toBeCloseTo((50 * sums[n]!) / (5 * 54), 6);
});

test('the noise of a large frame is drawn in several turns, and gives the same numbers', () => {
  const size = { channels: 2, width: 129, height: 128 };
  const camera = { channels: [1], scale: 1, moves: {} };
  const key = initialNoiseKey({ seed: 7, segment: 0 }, nano.card);
  const place = 129 * 128;
  const sum = normals(key, place, place).reduce(
    (all, value, i) => all + (((i % 129) + Math.floor(i / 129)) % 2 === 0 ? value : -value),
    0,
  );
  const turns = [...cameraNumbers(key, 1, size, camera)];
  expect(turns).toHaveLength(3);
  expect(resultOf(cameraNumbers(key, 1, size, camera))[0]).toBeCloseTo(sum / place, 6);
});

test('the network computes each named camera move from its numbers', async () => {
  const moveOf = await readCameraNetwork(nano.unet.weights);
  // The expected moves are those of MOVES in models/nano/training/camera_numbers.py.
  for (const [name, wanted] of [
    ['still', [0, 0, 0]],
    ['push-in', [0, 0, 0.97]],
    ['pull-out', [0, 0, -0.33]],
    ['pan-left', [-0.48, 0, 0.57]],
    ['tilt-down', [0, 0.28, 0.57]],
    ['orbit-right', [-0.22, 0, 0.45]],
  ] as const) {
    const made = moveOf(nano.card.camera!.moves[name]!);
    for (const [axis, value] of wanted.entries()) expect(made[axis], name).toBeCloseTo(value, 2);
  }
});

describe('the part of the last frame outside of the photo', () => {
  test.each([
    ['pulls out', 4, 0.05, 0.07],
    ['pushes in', 20, 0, 0],
    ['pans up to the border', 12, 0.004, 0.012],
    ['pans inside of it', 9, 0, 0],
  ])('of a seed that %s', (_name, seed, least, most) => {
    const part = outside({ seed });
    expect(part).toBeGreaterThanOrEqual(least);
    expect(part).toBeLessThanOrEqual(most);
  });

  test('of a seed whose camera stays close to the border, where a dark spot was seen', () => {
    const part = outside({ seed: 833370041, height: 320 });
    // The spot was 6 of 720 pixels high.
    expect(part).toBeGreaterThan(6 / 720);
    expect(part).toBeLessThan(0.012);
  });

  test('of named moves, for which no noise is drawn', () => {
    expect(outside({ camera: 'still' })).toBe(0);
    expect(outside({ camera: 'push-in' })).toBe(0);
    expect(outside({ camera: 'pull-out' })).toBeCloseTo(0.064, 3);
    expect(path(settingsOf({ camera: 'pull-out' }), 50).next().done).toBe(true);
  });

  test('of a seed at a size at which drawing the noise would take seconds', () => {
    const large = { width: 4096, height: 4096 };
    expect(path(settingsOf({ seed: 4, ...large }), 50).next()).toEqual({ done: true, value: 0 });
    expect(outside({ camera: 'pull-out', ...large })).toBeGreaterThan(0);
  });

  test('of a tilt, whose far parts move less than the camera', () => {
    expect(outside({ camera: 'tilt-up' })).toBeGreaterThan(0.01);
  });

  test('grows with the frames of all segments, and with the motion', () => {
    const once = outside({ camera: 'pull-out' });
    expect(outside({ camera: 'pull-out' }, 99)).toBeGreaterThan(1.6 * once);
    expect(outside({ seed: 4 }, 99)).toBeGreaterThan(1.5 * outside({ seed: 4 }));
    expect(outside({ camera: 'pull-out', motionBucketId: 255 })).toBeGreaterThan(1.5 * once);
    expect(outside({ camera: 'pull-out', conditioningFps: 14 })).toBeLessThan(0.7 * once);
    expect(outside({ camera: 'pull-out' }, 1)).toBe(0);
  });

  test('in an upright picture, a pan that stays near the border of a wide one goes beyond it', () => {
    const upright = { width: 288, height: 512 };
    expect(outside({ camera: 'pan-left', ...upright })).toBeGreaterThan(2 * outside({ camera: 'pan-left' }));
  });

  test('is not known of a model whose card has no path', async () => {
    const { path: _path, ...camera } = nano.card.camera!;
    expect(await readCameraPath({ ...nano, card: { ...nano.card, camera } })).toBeNull();
  });
});
