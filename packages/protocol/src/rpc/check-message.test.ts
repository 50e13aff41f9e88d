import { create } from '@bufbuild/protobuf';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { BadRequestSchema } from '../gen/google/rpc/error_details_pb.ts';
import { CreateVideoRequestSchema, MediaKind } from '../v1.ts';
import { checkMessage } from './check-message.ts';
import { RpcError } from './rpc-error.ts';

/** Returns the fields with violations. */
function violations(request: MessageInitShape<typeof CreateVideoRequestSchema>): string[] {
  try {
    checkMessage(CreateVideoRequestSchema, create(CreateVideoRequestSchema, request));
    return [];
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    return error.find(BadRequestSchema)[0]?.fieldViolations.map(({ field }) => field) ?? [];
  }
}

const image = { case: 'image', value: new Uint8Array(9) } as const;
const uuid = '01990000-0000-7000-8000-000000000000';

test('accepts valid requests', () => {
  expect(violations({ source: image })).toEqual([]);
  expect(violations({ source: { case: 'continueFrom', value: `videos/${uuid}` }, requestId: uuid })).toEqual([]);
  const settings = {
    model: 'svd-xt',
    frames: 250,
    frameRate: 30,
    motionBucketId: 255,
    minGuidance: 1,
    maxGuidance: 3,
    seed: 4294967295,
    shape: { case: 'aspectRatio', value: { width: 9, height: 16 } },
    crop: { x: 0, y: 1, zoom: 8 },
    outputs: [MediaKind.LOOP, MediaKind.WEBP, MediaKind.WEBM],
  } as const;
  expect(violations({ source: image, settings: { ...settings, outputs: [...settings.outputs] } })).toEqual([]);
});

test.each([
  ['rejects a request without a source', {}, ['source']],
  ['rejects an empty photo', { source: { case: 'image', value: new Uint8Array(0) } }, ['image']],
  ['rejects a photo of 13 MB', { source: { case: 'image', value: new Uint8Array(13_000_000) } }, ['image']],
  ['rejects an invalid name', { source: { case: 'video', value: 'videos/../x' } }, ['video']],
  ['rejects a request id that is not a UUID', { source: image, requestId: 'again' }, ['request_id']],
  [
    'rejects numbers out of range',
    { source: image, settings: { frames: 0, steps: 101 } },
    ['settings.frames', 'settings.steps'],
  ],
  ['rejects NaN', { source: image, settings: { noiseAugStrength: NaN } }, ['settings.noise_aug_strength']],
  [
    'rejects a size that is too large',
    { source: image, settings: { shape: { case: 'size', value: { width: 4096, height: 4096 } } } },
    ['settings.size'],
  ],
  [
    'rejects an extreme aspect ratio',
    { source: image, settings: { shape: { case: 'aspectRatio', value: { width: 9, height: 1 } } } },
    ['settings.aspect_ratio'],
  ],
  [
    'rejects outputs that cannot be requested',
    { source: image, settings: { outputs: [MediaKind.POSTER] } },
    ['settings.outputs[0]'],
  ],
  [
    'rejects duplicate outputs',
    { source: image, settings: { outputs: [MediaKind.LOOP, MediaKind.LOOP] } },
    ['settings.outputs'],
  ],
] as [string, MessageInitShape<typeof CreateVideoRequestSchema>, string[]][])('%s', (_, request, fields) => {
  expect(violations(request)).toEqual(fields);
});
