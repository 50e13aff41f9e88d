import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { CameraMove, MediaKind, Preset } from '@cinematica/protocol/v1';
import { readArguments } from './arguments.ts';
import { UsageError } from './usage-error.ts';

const read = (line: string, env: NodeJS.ProcessEnv = {}) => readArguments(line.split(' '), env);

test('given settings are parsed, and other settings stay unset', () => {
  const options =
    '--frames 50 --guidance 1.5:2 --max-guidance 4 --focus 0.25,1 --seed 7 --noise-aug .1 --preset calm --size 16:9 --camera tilt-up';
  expect(read(`a.jpg Out.MP4 ${options} --output-fps 14 --provider cpu --data d`)).toEqual({
    work: { case: 'one', photo: 'a.jpg', stem: resolve('Out') },
    outputs: [{ kind: MediaKind.MP4, ending: '.MP4' }],
    settings: {
      outputs: [],
      frames: 50,
      frameRate: 14,
      seed: 7,
      minGuidance: 1.5,
      maxGuidance: 4,
      noiseAugStrength: 0.1,
      preset: Preset.CALM,
      camera: CameraMove.TILT_UP,
      crop: { x: 0.25, y: 1 },
      shape: { case: 'aspectRatio', value: { width: 16, height: 9 } },
    },
    system: { address: undefined, apiKey: undefined, data: resolve('d'), model: undefined, provider: 'cpu' },
  });
  expect(read('a.jpg b.mp4 --guidance 2 --size 128X64')?.settings).toEqual({
    outputs: [],
    minGuidance: 2,
    maxGuidance: 2,
    shape: { case: 'size', value: { width: 128, height: 64 } },
  });
  expect(read('-h')).toBeNull();
});

test('a seed can be -1 for a random one, or have 64 bits, as other tools write it', () => {
  expect(read('a.jpg b.mp4 --seed -1')?.settings).toEqual({ outputs: [] });
  expect(read('a.jpg b.mp4 --seed=-1')?.settings).toEqual({ outputs: [] });
  expect(read('a.jpg b.mp4 --seed 1311768467463790320')?.settings).toMatchObject({ seed: 0x9abc_def0 });
  // Other negative numbers are read as well, and refused for their range later.
  expect(read('a.jpg b.mp4 --steps -3')?.settings).toMatchObject({ steps: -3 });
});

test.each([
  ['b.webm', [MediaKind.WEBM], ['.webm'], [MediaKind.WEBM]],
  [
    'b.mp4 --also webp,poster,mp4',
    [MediaKind.MP4, MediaKind.WEBP, MediaKind.POSTER],
    ['.mp4', '.webp', '-poster.webp'],
    [MediaKind.WEBP],
  ],
  ['b.mp4 --loop --also mp4', [MediaKind.LOOP, MediaKind.MP4], ['.mp4', '-once.mp4'], [MediaKind.LOOP]],
  ['b.webp --also loop', [MediaKind.WEBP, MediaKind.LOOP], ['.webp', '-loop.mp4'], [MediaKind.WEBP, MediaKind.LOOP]],
  ['c.jpg --out b', [MediaKind.MP4], ['.mp4'], []],
  ['--out b --format webm --also mp4', [MediaKind.WEBM, MediaKind.MP4], ['.webm', '.mp4'], [MediaKind.WEBM]],
])('%s: the files, and the outputs of the request', (line, kinds, endings, extras) => {
  const { outputs, settings } = read(`a.jpg ${line}`)!;
  expect(outputs.map(({ kind }) => kind)).toEqual(kinds);
  expect(outputs.map(({ ending }) => ending)).toEqual(endings);
  expect(settings.outputs).toEqual(extras);
});

test('--out takes several photos, and limits for all of them', () => {
  const work = { case: 'many', sources: ['a.jpg', 'trip'], folder: resolve('videos'), jobs: 16, force: false };
  expect(read('a.jpg trip --out videos')?.work).toEqual(work);
  expect(read('a.jpg trip --out videos --jobs 3 --force')?.work).toEqual({ ...work, jobs: 3, force: true });
});

test('--address and --api-key take precedence over the environment, whose key is for its address only', () => {
  const env = { CINEMATICA_URL: 'https://video.example/', CINEMATICA_API_KEY: 'k' };
  expect(read('a.jpg b.mp4', env)?.system).toMatchObject({ address: new URL('https://video.example'), apiKey: 'k' });
  const other = '--address http://localhost:8080 --api-key l';
  expect(read(`a.jpg b.mp4 ${other}`, env)?.system).toMatchObject({
    address: new URL('http://localhost:8080'),
    apiKey: 'l',
  });
  const { CINEMATICA_API_KEY } = env;
  expect(read('a.jpg b.mp4', { CINEMATICA_API_KEY })?.system).toMatchObject({ address: undefined, apiKey: undefined });
});

test.each([
  ['p.jpg', 'where to? Give a file for the video: p.jpg out.mp4'],
  ['p.jpg o.mp4 q.mp4', 'one photo and one video, not also q.mp4; several photos need --out DIR'],
  ['--out d', 'which photos? Give files, folders or patterns'],
  ['p.jpg --out d --jobs 0', '--jobs must be a whole number from 1 to 100, not 0'],
  ['p.jpg --out d --format gif', '--format must be one of mp4, webm, webp, not "gif"'],
  ['p.jpg o.mp4 --force', '--force needs --out, the folder for several videos'],
  ['p.jpg o.avi', "o.avi: the video's name must end in .mp4, .webm, .webp"],
  ['p.jpg o.webm --loop', '--loop makes an .mp4, not a .webm'],
  ['p.jpg o.mp4 --also gif', '--also must be one of poster, card, mp4, loop, webp, webm, not "gif"'],
  ['p.jpg o.mp4 --steps', "Option '--steps <value>' argument missing"],
  [
    'p.jpg o.mp4 --seed -2',
    '--seed must be a whole number from 0 to 18446744073709551615, or -1 for a random one, not -2',
  ],
  ['p.jpg o.mp4 --steps many', '--steps must be a number, not "many"'],
  ['p.jpg o.mp4 --threads 0', '--threads must be a whole number from 1 to 1024, not 0'],
  ['p.jpg o.mp4 --guidance 1:2:3', '--guidance must be FROM:TO such as 1:3, not "1:2:3"'],
  ['p.jpg o.mp4 --focus 1,2', '--focus must be X,Y from 0,0 to 1,1 such as 0.5,0.3, not "1,2"'],
  ['p.jpg o.mp4 --size big', '--size must be auto, an aspect like 16:9, or width x height like 1024x576, not "big"'],
  [
    'p.jpg o.mp4 --camera pan',
    '--camera must be one of auto, still, push-in, pull-out, pan-left, pan-right, tilt-up, tilt-down, orbit-left, orbit-right, not "pan"',
  ],
  ['p.jpg o.mp4 --preset wild', '--preset must be one of calm, natural, lively, not "wild"'],
  ['p.jpg o.mp4 --address here', '--address must be a URL such as http://localhost:8080, not "here"'],
])('%s', (line, message) => {
  expect(() => read(line)).toThrow(new UsageError(message));
});

test('an unknown provider is reported with its flag', () => {
  expect(() => read('p.jpg o.mp4 --provider tpu')).toThrow(/^--provider="tpu" is none of auto, cuda/);
});

test('LoRAs of the environment belong to the model that is asked for', () => {
  const env = { LORA: 'pan.safetensors:0.5' };
  const pan = { file: resolve('pan.safetensors'), strength: 0.5 };
  expect(read('a.jpg b.mp4 --model svd', env)?.system.loras).toEqual([pan]);
  expect(read('a.jpg b.mp4 --model svd --lora tilt.safetensors', env)?.system.loras).toEqual([
    { file: resolve('tilt.safetensors'), strength: 1 },
  ]);
  expect(read('a.jpg b.mp4', env)?.system.loras).toBeUndefined();
  expect(() => read('a.jpg b.mp4 --model svd', { LORA: 'pan.safetensors:x' })).toThrow(/^LORA: /);
});
