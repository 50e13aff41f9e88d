import { create } from '@bufbuild/protobuf';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { openNamedCheckpoint } from '@cinematica/pipeline/model';
import { BadRequestSchema, Code, float32ToBytes, RpcError } from '@cinematica/protocol';
import { DenoiseRequestSchema, Sampler } from '@cinematica/protocol/stages';
import { SettingsError } from '@cinematica/svd';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readRequest } from './read-request.ts';

const model = await openNamedCheckpoint(join(import.meta.dirname, '../../../test/golden/tiny-xt/checkpoint'));
const { scaleFactor } = model.checkpoint.vae;
const embeddingLength = model.checkpoint.imageEncoder.config.projection_dim;
const [channels, height, width] = [4, 8, 16];
const frameLength = channels * height * width;
const floats = (length: number) => Float32Array.from({ length }, (_, i) => i / 8);

type Changes = Exclude<MessageInitShape<typeof DenoiseRequestSchema>, { readonly $typeName: string }>;

const conditioning = {
  modelDigest: model.digest,
  channels,
  height,
  width,
  imageEmbedding: float32ToBytes(floats(embeddingLength)),
  imageLatents: float32ToBytes(floats(frameLength)),
  previewMap: float32ToBytes(floats((channels + 1) * 3)),
};
const read = (changes: Changes = {}) =>
  readRequest(model, create(DenoiseRequestSchema, { conditioning, seed: 7, ...changes }));

/** The fields that the error of a request names. */
function wrongFields(changes: Changes): string[] {
  try {
    read(changes);
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    expect(error.code).toBe(Code.INVALID_ARGUMENT);
    return error.find(BadRequestSchema).flatMap(({ fieldViolations }) => fieldViolations.map(({ field }) => field));
  }
  throw new Error('the request was accepted');
}

test('a request without settings gets the defaults of the model, and the size of its conditioning', () => {
  const { settings, photo, before, previewEvery } = read();
  const { window, defaults } = model.checkpoint.card;
  expect(settings).toMatchObject({
    width: width * scaleFactor,
    height: height * scaleFactor,
    steps: defaults.steps,
    frames: window,
    conditioningFps: defaults.conditioningFps,
    segment: 0,
    seed: 7,
  });
  expect(photo).toMatchObject({ channels, height, width });
  expect(photo.imageLatents).toEqual(floats(frameLength));
  expect(before).toBeNull();
  expect(previewEvery).toBe(0);
});

test('the settings of a request replace the defaults', () => {
  const { settings, previewEvery } = read({ steps: 3, frames: 5, sampler: Sampler.AYS, previewEvery: 2, segment: 1 });
  expect(settings).toMatchObject({ steps: 3, frames: 5, sampler: 'ays', segment: 1 });
  expect(previewEvery).toBe(2);
});

test('a later segment has the last frame and, optionally, the statistics of the first segment', () => {
  const lastLatents = float32ToBytes(floats(frameLength));
  expect(read({ lastLatents }).before).toEqual({ lastFrame: floats(frameLength), first: null });
  const each = Array.from({ length: channels }, (_, i) => i + 1);
  const { before } = read({ lastLatents, firstStatistics: { mean: each, std: each, detail: each } });
  expect(before?.first).toMatchObject({ mean: each, std: each, detail: each });
});

test.each<[string, Changes]>([
  ['conditioning.model_digest', { conditioning: { ...conditioning, modelDigest: '0'.repeat(64) } }],
  ['conditioning.channels', { conditioning: { ...conditioning, channels: 16 } }],
  ['conditioning.image_embedding', { conditioning: { ...conditioning, imageEmbedding: new Uint8Array(4) } }],
  ['conditioning.image_latents', { conditioning: { ...conditioning, height: height + 1 } }],
  ['conditioning.preview_map', { conditioning: { ...conditioning, previewMap: new Uint8Array(24) } }],
  ['camera', { camera: 'pan-up' }],
  ['last_latents', { lastLatents: new Uint8Array(8) }],
  ['first_statistics', { firstStatistics: { mean: [1], std: [1], detail: [1] } }],
  [
    'first_statistics',
    { lastLatents: float32ToBytes(floats(frameLength)), firstStatistics: { mean: [1], std: [1], detail: [1] } },
  ],
])('a wrong %s is INVALID_ARGUMENT and names the field', (field, changes) => {
  expect(wrongFields(changes)).toEqual([field]);
});

test('a request for another model, or with a setting that the model does not support, is rejected', () => {
  expect(() => read({ model: 'another' })).toThrow(RpcError);
  expect(() => read({ steps: 0 })).toThrow(SettingsError);
  expect(() => read({ camera: 'push-in' })).toThrow(SettingsError);
});
