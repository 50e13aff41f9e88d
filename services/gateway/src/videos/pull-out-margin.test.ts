import { create } from '@bufbuild/protobuf';
import { PlanSchema } from '@cinematica/pipeline';
import { expect, test } from 'vitest';
import { pullOutMargin } from './pull-out-margin.ts';

const marginOf = (camera: string, frames: number, motionBucketId: number): number =>
  pullOutMargin(create(PlanSchema, { camera, frames, motionBucketId }));

test('a margin is cut off only when the camera pulls out, the more the further it goes', () => {
  expect(marginOf('push-in', 50, 127)).toBe(0);
  expect(marginOf('', 50, 127)).toBe(0);
  expect(marginOf('pull-out', 50, 127)).toBeCloseTo(0.045);
  expect(marginOf('pull-out', 99, 127)).toBeCloseTo(0.09);
  expect(marginOf('pull-out', 50, 254)).toBeCloseTo(0.09);
  expect(marginOf('pull-out', 1, 127)).toBe(0);
  expect(marginOf('pull-out', 250, 255)).toBe(0.15);
});
