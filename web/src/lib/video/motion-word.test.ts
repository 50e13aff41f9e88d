import { create } from '@bufbuild/protobuf';
import { Preset, VideoSettingsSchema } from '@cinematica/protocol/v1';
import { expect, test } from 'vitest';
import { increaseMotion } from '#lib/create/variation.ts';
import { motionWord } from './motion-word.ts';

const { CALM, NATURAL, LIVELY, UNSPECIFIED } = Preset;

test.each([
  [CALM, 60, 'calm'],
  [NATURAL, 127, 'natural'],
  [LIVELY, 200, 'lively'],
  // AnimateLCM has smaller amounts.
  [LIVELY, 127, 'lively'],
  [CALM, 200, 'lively'],
  [LIVELY, 255, 'most'],
  [CALM, increaseMotion(60), 'natural'],
  [NATURAL, increaseMotion(127), 'lively'],
  [LIVELY, increaseMotion(200), 'most'],
  [LIVELY, undefined, 'lively'],
  [UNSPECIFIED, 127, undefined],
])('preset %d with the amount %s is called %s', (preset, motionBucketId, word) => {
  const settings = create(VideoSettingsSchema, { preset, ...(motionBucketId === undefined ? {} : { motionBucketId }) });
  expect(motionWord(settings)).toBe(word);
});
