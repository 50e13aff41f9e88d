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
const info = (more = {}) => ({
  folder,
  unetFiles: [],
  numFrames: 14,
  sampleSize: 96,
  vaeScale: 8,
  latentChannels: 4,
  unetScale: 8,
  ...more,
});

describe('resolveModelCard', () => {
  test("without cinematica.json, the card follows from the checkpoint's configs and diffusers' defaults", async () => {
    expect(await resolveModelCard(info())).toMatchObject({
      name: 'my-model-v2',
      title: 'My Model_v2',
      sizes: [{ width: 1024, height: 576 }],
      multiple: 64,
      window: 14,
      sampler: 'euler',
      defaults: CARD_DEFAULTS,
    });
    const small = await resolveModelCard(info({ sampleSize: [36, 64], unetScale: 4 }));
    expect([small.sizes, small.multiple]).toEqual([[{ width: 512, height: 288 }], 32]);
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
      sizes: [{ width: 640, height: 384 }],
      sigmas: [700, 20, 1, 0],
      defaults: { ...CARD_DEFAULTS, ...xt.defaults, motionBucketId: 90, steps: 3 },
      presets: { ...xt.presets, lively: { ...xt.presets!.lively, conditioningFps: 12 } },
    });
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
    [{ camera: { channels: [0], scale: 0, moves: { still: [0] } } }, 'camera.scale: '],
    [
      { camera: { channels: [0, 4], scale: 1, moves: { still: [0, 0] } } },
      'camera.channels: 4 is not a latent channel; the autoencoder has 0 to 3',
    ],
    ['{', 'is not JSON'],
    [{ title: 'A', colour: 1 }, 'Unrecognized key: "colour"'],
    [{ sizes: ['1024×576'] }, 'sizes.0: must look like "1024x576"'],
    [{ sizes: ['1000x576'] }, 'sizes: 1000x576 is not a multiple of 64'],
    [{ sizes: ['64x64', '72x64'], multiple: 64 }, 'sizes.1: is not a multiple of 64'],
    [{ multiple: 12 }, "multiple: 12 is not a multiple of the autoencoder's scale factor 8"],
    [{ defaults: { motionBucketId: 0 } }, 'defaults.motionBucketId: '],
    [
      { presets: { calm: { minGuidance: 3, maxGuidance: 1 } } },
      'presets.calm: minGuidance is greater than maxGuidance',
    ],
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
