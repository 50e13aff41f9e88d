import { create } from '@bufbuild/protobuf';
import { PlanSchema } from '@cinematica/pipeline';
import type { Plan } from '@cinematica/pipeline';
import { expect, test } from 'vitest';
import { chooseInnerSeed, chooseMargin } from './choose-margin.ts';

/** A model whose seeds look as many hundredths of the picture outside. */
const model = { partOutside: ({ seed }: Plan) => Promise.resolve(seed / 100) };
const plan = (seed: number, camera = '', resolution = 'hd') => create(PlanSchema, { seed, camera, resolution });

test('what the camera shows outside of the photo is cut off, up to a limit', async () => {
  expect(await chooseMargin(model, plan(4))).toBe(0.04);
  expect(await chooseMargin(model, plan(0))).toBe(0);
  expect(await chooseMargin(model, plan(40))).toBe(0.15);
  expect(await chooseMargin(model, plan(4, '', 'model'))).toBe(0);
});

test('a video that is not cut takes the first random seed that stays inside', async () => {
  const seeds = [3, 0, 5];
  expect(await chooseInnerSeed(model, plan(4), () => seeds.shift()!)).toBe(0);
  expect(seeds).toEqual([5]);
  expect(await chooseInnerSeed(model, plan(0), () => 1)).toBe(0);
});

test('the seed stays as it is for a named move, and when no seed stays inside', async () => {
  expect(await chooseInnerSeed(model, plan(4, 'pull-out'), () => 0)).toBe(4);
  expect(await chooseInnerSeed(model, plan(4), () => 7)).toBe(4);
});
