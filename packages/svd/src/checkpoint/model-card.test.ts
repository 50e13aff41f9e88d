import { CARD_DEFAULTS } from '@cinematica/settings';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { KNOWN_MODELS } from './known-models.ts';
import type { KnownModel } from './known-models.ts';
import { recognizeModel } from './recognize-model.ts';
import { resolveModelCard } from './resolve-model-card.ts';
import type { CheckpointInfo } from './resolve-model-card.ts';
import { unetArchitecture, unetConfigSchema } from './unet-config.ts';

let root: string;
let folder: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'model-card-'));
  folder = join(root, 'My Model_v2');
  await mkdir(folder);
});
afterEach(() => rm(root, { recursive: true }));

const write = (content: unknown) =>
  writeFile(join(folder, 'cinematica.json'), typeof content === 'string' ? content : JSON.stringify(content));
const architecture = (over: object = {}) =>
  unetArchitecture(unetConfigSchema.parse({ _class_name: 'UNetSpatioTemporalConditionModel', ...over }));
/** A small UNet with four levels. */
const small = { block_out_channels: [32, 32, 64, 64], num_attention_heads: 2, num_frames: 14 };
const info = (more: Partial<CheckpointInfo> = {}): CheckpointInfo => ({
  path: folder,
  name: 'My Model_v2',
  cardFile: join(folder, 'cinematica.json'),
  unetFiles: [],
  architecture: architecture(small),
  sampleSize: 96,
  vaeScale: 8,
  latentChannels: 4,
  ...more,
});

describe('resolveModelCard', () => {
  test("without cinematica.json, the card follows from the checkpoint's configs and diffusers' defaults", async () => {
    expect(await resolveModelCard(info())).toMatchObject({
      name: 'my-model-v2',
      title: 'My Model_v2',
      sizes: [{ width: 1024, height: 576 }],
      multiple: 8,
      window: 14,
      sampler: 'euler',
      defaults: CARD_DEFAULTS,
    });
    const wide = await resolveModelCard(info({ sampleSize: [36, 64] }));
    expect([wide.sizes, wide.multiple]).toEqual([[{ width: 512, height: 320 }], 8]);
  });

  test('a setting of cinematica.json overrides that of its base card', async () => {
    await write({
      base: 'svd-xt',
      name: 'mine',
      sizes: ['640x384'],
      sigmas: [700, 20, 1, 0],
      defaults: { motionBucketId: 90 },
      presets: { lively: { conditioningFps: 12 } },
    });
    const card = await resolveModelCard(info());
    const xt = KNOWN_MODELS.find((model) => model.card.name === 'svd-xt')!.card;
    expect(card).toEqual({
      ...xt,
      name: 'mine',
      cacheBranches: 11,
      sizes: [{ width: 640, height: 384 }],
      sigmas: [700, 20, 1, 0],
      defaults: { ...CARD_DEFAULTS, ...xt.defaults, motionBucketId: 90, steps: 3 },
      presets: { ...xt.presets, lively: { ...xt.presets!.lively, conditioningFps: 12 } },
    });
  });

  test.each([
    ['svd', 14, 'svd', 'Stable Video Diffusion', 2.5],
    ['snapshots/0a1b', 14, 'svd', 'Stable Video Diffusion', 2.5],
    ['svd_xt.safetensors', 25, 'svd-xt', 'Stable Video Diffusion XT', 3],
    ['svd_xt_1_1.safetensors', 25, 'svd-xt-1-1', 'Stable Video Diffusion XT 1.1', 3],
    ['stable-video-diffusion-img2vid-xt-1-1', 25, 'svd-xt-1-1', 'Stable Video Diffusion XT 1.1', 3],
    ['AnimateLCM-SVD-xt-1.1-fp16', 25, 'animatelcm-svd-xt-1-1', 'AnimateLCM SVD-XT 1.1', 1.2],
    ['AnimateLCM-SVD-xt.safetensors', 25, 'animatelcm-svd-xt', 'AnimateLCM SVD-XT', 1.2],
    // A model that was trained from one of them has its own name.
    ['svd-xt/finetunes/dance', 25, 'svd-xt-finetunes-dance', 'svd-xt/finetunes/dance', 3],
    ['anime-svd_xt-v3.safetensors', 25, 'anime-svd-xt-v3-safetensors', 'anime-svd_xt-v3.safetensors', 3],
    ['my-dance-model', 25, 'my-dance-model', 'my-dance-model', 3],
    ['svd', 25, 'svd', 'svd', 3],
  ])('%s with %i frames and the size of SVD has the card %s', async (name, frames, card, title, maxGuidance) => {
    const path = name.startsWith('snapshots')
      ? `/hub/models--stabilityai--stable-video-diffusion-img2vid/${name}`
      : name;
    const full = { path, name, architecture: architecture({ num_frames: frames }) };
    expect(await resolveModelCard(info(full))).toMatchObject({
      name: card,
      title,
      window: frames,
      multiple: 8,
      licence: { name: 'Stability AI Community License' },
      sizes: [
        { width: 1024, height: 576 },
        { width: 768, height: 768 },
      ],
      defaults: { maxGuidance },
    });
  });

  test('guidance may fall from the first frame to the last one', async () => {
    await write({ defaults: { minGuidance: 3, maxGuidance: 1 } });
    expect((await resolveModelCard(info())).defaults).toMatchObject({ minGuidance: 3, maxGuidance: 1 });
  });

  test('only cinematica.json says that only the camera moves', async () => {
    expect((await resolveModelCard(info())).onlyCameraMoves).toBeUndefined();
    await write({ onlyCameraMoves: true });
    expect((await resolveModelCard(info())).onlyCameraMoves).toBe(true);
  });

  test('without camera in cinematica.json, the model has no camera moves', async () => {
    expect((await resolveModelCard(info())).camera).toBeUndefined();
    const camera = { channels: [0, 3], scale: 12, moves: { still: [0, 0], 'pan-left': [-1.5, 0] } };
    await write({ camera });
    expect((await resolveModelCard(info())).camera).toEqual(camera);
  });

  test.each<[unknown, string]>([
    [{ camera: { channels: [0], scale: 1, moves: { 'pan-up': [1] } } }, 'camera.moves: Unrecognized key: "pan-up"'],
    [
      { camera: { channels: [0, 1], scale: 1, moves: { still: [0] } } },
      'camera.moves.still: must have a number for each of the 2 channels, not 1',
    ],
    [{ camera: { channels: [0], scale: 1, moves: {} } }, 'camera.moves: has no camera move'],
    [{ camera: { channels: [1, 1], scale: 1, moves: { still: [0, 0] } } }, 'camera.channels: has a channel twice'],
    [
      { camera: { channels: [0], scale: 1, path: 'nano', moves: { still: [0] } } },
      'camera.path: can only be told when all segments go on with the same move: sharedNoise must be true',
    ],
    [{ camera: { channels: [0], scale: 0, moves: { still: [0] } } }, 'camera.scale: '],
    [
      { camera: { channels: [0, 4], scale: 1, moves: { still: [0, 0] } } },
      'camera.channels: 4 is not a latent channel; the autoencoder has 0 to 3',
    ],
    ['{', 'is not JSON'],
    [{ title: 'A', colour: 1 }, 'Unrecognized key: "colour"'],
    [{ sizes: ['1024×576'] }, 'sizes.0: must look like "1024x576"'],
    [{ sizes: ['1001x576'] }, 'sizes: 1001x576 is not a multiple of 8'],
    [{ sizes: ['64x64', '72x64'], multiple: 64 }, 'sizes.1: is not a multiple of 64'],
    [{ multiple: 12 }, "multiple: 12 is not a multiple of the autoencoder's scale factor 8"],
    [{ defaults: { motionBucketId: 0 } }, 'defaults.motionBucketId: '],
    [{ sigmas: [1, 2, 0] }, 'sigmas: must be descending'],
    [{ sigmas: [2, 1, 0], defaults: { steps: 25 } }, 'sigmas: has noise levels for 2 steps, but defaults.steps is 25'],
    [{ base: 'svd-9' }, 'base: svd-9 is not a built-in card; use one of svd-xt, '],
    [{ name: 'Svd XT' }, 'name: must consist of lower-case letters, digits and hyphens'],
  ])('%j is rejected with the file, the field and the reason', async (content, message) => {
    await write(content);
    const refused = expect(resolveModelCard(info())).rejects;
    await refused.toThrow(message);
    await refused.toThrow(join(folder, 'cinematica.json'));
  });
});

describe('recognizeModel', () => {
  const bytes = Buffer.from('weights');
  const digest = createHash('sha256').update(bytes).digest('hex');
  const models: KnownModel[] = [
    { card: { name: 'other', title: 'Other' }, unets: [{ bytes: 7, sha256: '0'.repeat(64) }] },
    { card: { name: 'test', title: 'Test', sampler: 'ays' }, unets: [{ bytes: 7, sha256: digest }] },
  ];
  const file = (name: string) => join(folder, name);

  test('recognises a file by its SHA-256', async () => {
    await writeFile(file('unet.safetensors'), bytes);
    expect((await recognizeModel(file('unet.safetensors'), undefined, models))?.card.name).toBe('test');
    const card = await resolveModelCard(info({ unetFiles: [file('unet.safetensors')] }), undefined, models);
    expect([card.name, card.sampler, card.window]).toEqual(['test', 'ays', 14]);
  });

  test('uses the name of a file in the Hugging Face cache as its SHA-256', async () => {
    await writeFile(file('0'.repeat(64)), 'WEIGHTS');
    await symlink('0'.repeat(64), file('unet.safetensors'));
    expect((await recognizeModel(file('unet.safetensors'), undefined, models))?.card.name).toBe('other');
  });

  test('returns null for a file with another size or content', async () => {
    await writeFile(file('a'), 'WEIGHTS');
    await writeFile(file('b'), 'more weights');
    expect(await recognizeModel(file('a'), undefined, models)).toBeNull();
    expect(await recognizeModel(file('b'), undefined, models)).toBeNull();
  });
});
