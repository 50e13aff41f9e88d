import { create } from '@bufbuild/protobuf';
import { CreateVideoResponseSchema, MediaKind, Preset, VideoSchema } from '@cinematica/protocol/v1';
import { Code, ConnectError } from '@connectrpc/connect';
import { describe, expect, test } from 'vitest';
import { canMoveMore, createVariation, increaseMotion, variationRequest } from './variation.ts';

const name = 'videos/019aab00-0000-7000-8000-000000000001';
const video = create(VideoSchema, {
  name,
  settings: {
    preset: Preset.NATURAL,
    seed: 7,
    motionBucketId: 127,
    crop: { x: 0.2 },
    outputs: [MediaKind.LOOP],
    shape: { case: 'size', value: { width: 1024, height: 576 } },
  },
});

describe('variationRequest', () => {
  test('a retry keeps all settings', () => {
    expect(variationRequest(video, 'retry').settings).toMatchObject({
      seed: 7,
      motionBucketId: 127,
      crop: { x: 0.2 },
    });
  });

  test('a retry of a joined video joins its parts again', () => {
    const joined = create(VideoSchema, { ...video, joined: ['videos/1', 'videos/2'] });
    expect(variationRequest(joined, 'retry')).toEqual({ source: { case: 'join', value: 'videos/2' } });
  });

  test('a new seed keeps the photo and its crop, and drops the seed', () => {
    const request = variationRequest(video, 'seed');
    expect(request).toMatchObject({ source: { case: 'video', value: name }, settings: { crop: { x: 0.2 } } });
    expect(request.settings).not.toHaveProperty('seed');
  });

  test('more motion increases the motion bucket id', () => {
    expect(variationRequest(video, 'motion').settings).toMatchObject({ motionBucketId: 191 });
  });

  test('a continuation keeps shape and outputs, and drops the crop', () => {
    const request = variationRequest(video, 'continue');
    expect(request.source).toEqual({ case: 'continueFrom', value: name });
    expect(request.settings).not.toHaveProperty('crop');
    expect(request.settings).toMatchObject({ shape: { value: { width: 1024 } }, outputs: [MediaKind.LOOP] });
  });
});

test('repeated increases of the motion reach the limit', () => {
  const steps = [1];
  while (steps.at(-1)! < 255) steps.push(increaseMotion(steps.at(-1)!, { min: 1, max: 255 }));
  expect(steps).toEqual([1, 65, 129, 194, 255]);
});

test('a video with the most motion can’t move more', () => {
  const moving = (motionBucketId: number) => create(VideoSchema, { settings: { motionBucketId } });
  expect([127, 254, 255].map((amount) => canMoveMore(moving(amount)))).toEqual([true, true, false]);
  expect(canMoveMore(create(VideoSchema))).toBe(true);
});

test('createVariation reuses the request id until the gateway accepts the request', async () => {
  const requestIds: (string | undefined)[] = [];
  const answers = ['unreachable', 'busy', 'created', 'created'];
  const api = {
    getCapabilities: () => Promise.reject(new Error('not needed for a new seed')),
    createVideo: ({ requestId }: { requestId?: string }) => {
      requestIds.push(requestId);
      const answer = answers.shift();
      if (answer === 'unreachable') return Promise.reject(new ConnectError('no network', Code.Unavailable));
      if (answer === 'busy') return Promise.reject(new ConnectError('busy', Code.ResourceExhausted));
      return Promise.resolve(create(CreateVideoResponseSchema, { video: { name: `${name}${requestIds.length}` } }));
    },
  };
  await expect(createVariation(video, 'seed', { api })).rejects.toThrow('busy');
  await createVariation(video, 'seed', { api });
  await createVariation(video, 'seed', { api });
  expect(new Set(requestIds.slice(0, 3)).size).toBe(1);
  expect(requestIds[3]).not.toBe(requestIds[0]);
  expect(requestIds[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});
