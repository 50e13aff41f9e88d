import type { CameraMoveName } from '@cinematica/settings';
import { CAMERA_MOVE_NAMES } from '@cinematica/settings';
import { cameraMovesOf, loadImage, openModel } from '@cinematica/svd';
import type { Model, RgbImage, Size } from '@cinematica/svd';
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
const move = (camera: CameraMoveName, seed: number, size: Size = landscape) =>
  makeMove(model, photo, { ...size, camera, seed });

test('models/nano supports every camera move', () => {
  expect(cameraMovesOf(model.checkpoint.card)).toEqual(CAMERA_MOVE_NAMES);
});

// `npm run bench -- nano PHOTO --parts moves` tries each move with three seeds in both shapes.
test.each(CAMERA_MOVE_NAMES.map((name, i) => [name, i + 1] as const))(
  'the camera move %s goes where it says (seed %i)',
  async (name, seed) => {
    expect(problemOf(name, await move(name, seed, seed % 2 ? landscape : portrait))).toBeNull();
  },
);

test('an orbit has more parallax than a pan', async () => {
  const [pan, orbit] = [await move('pan-left', 1), await move('orbit-left', 1)];
  expect(parallaxShare(orbit)).toBeGreaterThan(2 * parallaxShare(pan));
});
