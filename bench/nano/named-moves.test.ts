import type { CameraMoveName } from '@cinematica/settings';
import { CAMERA_MOVE_NAMES } from '@cinematica/settings';
import { cameraMovesOf, loadImage, openModel } from '@cinematica/svd';
import type { Model, RgbImage } from '@cinematica/svd';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeMove, parallaxShare, problemOf } from './named-moves.ts';
import type { MeasuredMove } from './named-moves.ts';

const project = join(import.meta.dirname, '../..');
let model: Model;
let photo: RgbImage;

beforeAll(async () => {
  model = await openModel(join(project, 'models/nano'), { provider: 'cpu', threads: 2 });
  photo = await loadImage(join(project, 'web/src/lib/create/samples/lighthouse.jpg'));
});
afterAll(() => model[Symbol.asyncDispose]());

// The smallest sizes at which blocks of the picture can be followed: `npm run bench -- nano` uses larger ones.
const LANDSCAPE = { width: 160, height: 96 };
const PORTRAIT = { width: 96, height: 160 };
const measured = new Map<CameraMoveName, MeasuredMove>();

test('models/nano supports every camera move', () => {
  expect(cameraMovesOf(model.checkpoint.card)).toEqual(CAMERA_MOVE_NAMES);
});

// `npm run bench -- nano PHOTO --parts moves` tries each move with three seeds in both shapes.
test.each(CAMERA_MOVE_NAMES.map((name, i) => [name, i + 1] as const))(
  'the camera move %s goes where it says (seed %i)',
  async (camera, seed) => {
    const move = await makeMove(model, photo, { ...(seed % 2 ? LANDSCAPE : PORTRAIT), camera, seed });
    measured.set(camera, move);
    expect(problemOf(camera, move)).toBeNull();
  },
);

test('an orbit has more parallax than a pan', () => {
  expect(share('orbit-left')).toBeGreaterThan(1.5 * share('pan-left'));
});

const share = (camera: CameraMoveName): number => parallaxShare(measured.get(camera)!);
