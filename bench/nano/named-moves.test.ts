import type { CameraMoveName } from '@cinematica/settings';
import { CAMERA_MOVE_NAMES } from '@cinematica/settings';
import { cameraMovesOf, loadImage, openModel } from '@cinematica/svd';
import type { Model, RgbImage } from '@cinematica/svd';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeMove, MOVE_SIZES, parallaxShare, problemOf } from './named-moves.ts';

const project = join(import.meta.dirname, '../..');
let model: Model;
let photo: RgbImage;

beforeAll(async () => {
  model = await openModel(join(project, 'models/nano'), { provider: 'cpu', threads: 2 });
  photo = await loadImage(join(project, 'web/static/samples/lighthouse.jpg'));
});
afterAll(() => model[Symbol.asyncDispose]());

const [landscape, portrait] = MOVE_SIZES;
const move = (camera: CameraMoveName, seed: number, size = landscape as { width: number; height: number }) =>
  makeMove(model, photo, { ...size, camera, seed });

test('models/nano supports every camera move', () => {
  expect(cameraMovesOf(model.checkpoint.card)).toEqual(CAMERA_MOVE_NAMES);
});

test.each(CAMERA_MOVE_NAMES)(
  'the camera move %s goes where it says, with three seeds and in two shapes',
  async (name) => {
    for (const size of [landscape, portrait]) {
      for (const seed of [1, 2, 3]) expect(problemOf(name, await move(name, seed, size)), `${seed}`).toBeNull();
    }
  },
);

test('an orbit has more parallax than a pan', async () => {
  const [pan, orbit] = [await move('pan-left', 1), await move('orbit-left', 1)];
  expect(parallaxShare(orbit)).toBeGreaterThan(2 * parallaxShare(pan));
});
