import { openNamedCheckpoint } from '@cinematica/pipeline/model';
import { channelStatistics } from '@cinematica/svd';
import type { Conditioning } from '@cinematica/svd';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { continueSegment } from './continue-segment.ts';

const model = await openNamedCheckpoint(join(import.meta.dirname, '../../../test/golden/tiny-xt/checkpoint'));
const size = { channels: 4, height: 8, width: 8 };
const frameLength = size.channels * size.height * size.width;

/** Deterministic values around a mean. */
const values = (length: number, mean: number) => Float32Array.from({ length }, (_, i) => mean + Math.sin(i * 1.7));

const photo: Conditioning = {
  ...size,
  imageEmbedding: values(48, 0),
  imageLatents: values(frameLength, 0),
  previewMap: values((size.channels + 1) * 3, 0),
};

test('the first segment keeps the conditioning of the photo and its latents', () => {
  const { conditioning, finish } = continueSegment(model, photo, null);
  const latents = values(3 * frameLength, 1);
  expect(conditioning).toBe(photo);
  expect(finish(latents)).toBe(latents);
});

test('a later segment is conditioned on the unscaled last frame, and keeps the embedding of the photo', () => {
  const lastFrame = values(frameLength, 1);
  const { conditioning } = continueSegment(model, photo, { lastFrame, first: null });
  expect(conditioning.imageEmbedding).toBe(photo.imageEmbedding);
  const scaled = conditioning.imageLatents.map((value) => value * model.checkpoint.vae.config.scaling_factor);
  for (const [i, value] of scaled.entries()) expect(value).toBeCloseTo(lastFrame[i]!, 5);
});

test('the colours of a later segment start at those of the last frame, and end at those of the first segment', () => {
  const lastFrame = values(frameLength, 1);
  const first = channelStatistics(values(2 * frameLength, 3), size);
  const { finish } = continueSegment(model, photo, { lastFrame, first });
  const drifted = values(5 * frameLength, 7);
  const finished = finish(drifted);
  expect(finished).toHaveLength(drifted.length);
  const meansOf = (frame: number) =>
    channelStatistics(finished.subarray(frame * frameLength, (frame + 1) * frameLength), size).mean;
  const expectMeans = (actual: readonly number[], expected: readonly number[]) =>
    actual.forEach((mean, channel) => expect(mean).toBeCloseTo(expected[channel]!, 1));
  expectMeans(meansOf(0), channelStatistics(lastFrame, size).mean);
  expectMeans(meansOf(4), first.mean);
});
