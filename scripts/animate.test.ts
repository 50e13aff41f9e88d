import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { USAGE } from './animate/arguments.ts';
import { findModel } from './animate/find-model.ts';

const golden = join(import.meta.dirname, '..', 'test', 'golden', 'tiny-xt', 'checkpoint');
const command = join(import.meta.dirname, 'animate.ts');

let folder: string;
let model: string;
let photo: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'animate-'));
  // The golden checkpoint with a size of its own, so that "auto" is small: its window is 5 frames.
  model = join(folder, 'tiny');
  await mkdir(model);
  for (const name of await readdir(golden)) await symlink(join(golden, name), join(model, name));
  await writeFile(join(model, 'cinematica.json'), JSON.stringify({ title: 'Tiny', sizes: ['128x64'] }));
  // Lies on its side in the file, 120x60; EXIF says that it stands.
  photo = join(folder, 'my photo.jpg');
  await sharp({ create: { width: 120, height: 60, channels: 3, background: '#c08040' } })
    .withMetadata({ orientation: 6 })
    .jpeg()
    .toFile(photo);
});
afterAll(() => rm(folder, { recursive: true }));

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function animate(...args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const done = (error: Error | null, out: string, err: string) =>
      resolve({ code: error && 'code' in error ? Number(error.code) : 0, out, err });
    execFile(process.execPath, [command, ...args], { cwd: folder, env: environment }, done);
  });
}

const environment = { ...process.env, EXECUTION_PROVIDER: 'cpu' };
const quick = ['--steps', '2', '--threads', '1'];

async function probe(file: string) {
  const shown = ['-show_entries', 'stream=width,height,nb_read_frames,r_frame_rate:format_tags=comment'];
  const ffprobe = promisify(execFile)('ffprobe', ['-v', 'error', '-count_frames', ...shown, '-of', 'json', file]);
  const { streams, format } = JSON.parse((await ffprobe).stdout) as {
    streams: [Record<string, unknown>];
    format: { tags: { comment: string } };
  };
  return { video: streams[0], settings: JSON.parse(format.tags.comment) as Record<string, unknown> };
}

test('a photo becomes a video that is upright, and the same again from the same seed', async () => {
  const args = ['my photo.jpg', 'a.mp4', '--model', 'tiny', '--frames', '2', '--preset', 'calm', ...quick];
  const first = await animate(...args);
  expect(first).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^a\.mp4: 64x128, 2 frames at 7 fps, /) as string,
  });
  expect(first.err).toContain('denoising  step 2 of 2');

  const { video, settings } = await probe(join(folder, 'a.mp4'));
  expect(video).toEqual({ width: 64, height: 128, nb_read_frames: '2', r_frame_rate: '7/1' });
  expect(settings).toMatchObject({ frames: 2, steps: 2, motion: 60, guidance: { min: 1, max: 3 }, size: '64x128' });
  expect(first.err).toContain(`Tiny: 64x128, 2 frames, 2 steps, seed ${String(settings.seed)}`);
  expect(JSON.stringify(settings)).not.toContain('photo');

  const bytes = () => Promise.all(['a.mp4', 'b.mp4', 'c.mp4'].map((name) => readFile(join(folder, name))));
  args[1] = 'b.mp4';
  await animate(...args, '--seed', String(settings.seed));
  args[1] = 'c.mp4';
  await animate(...args, '--seed', String((Number(settings.seed) + 1) % 2 ** 32));
  const [a, b, c] = await bytes();
  expect(b).toEqual(a);
  expect(c).not.toEqual(a);
}, 180_000);

test('more frames than the window come from two runs, and a loop has its end frames once', async () => {
  const args = ['my photo.jpg', '--model', 'tiny', '--frames', '8', '--size', '64x64', '--seed', '1', ...quick];
  const { err } = await animate(...args, 'long.mp4', '--output-fps', '14', '--fps', '7');
  expect(err).toContain('8 frames (2 runs of 5), 2 steps, seed 1');
  expect(err).toContain('step 4 of 4');
  expect((await probe(join(folder, 'long.mp4'))).video).toMatchObject({ nb_read_frames: '15', r_frame_rate: '14/1' });

  expect(await animate(...args, 'loop.mp4', '--loop')).toMatchObject({ code: 0 });
  expect((await probe(join(folder, 'loop.mp4'))).video).toMatchObject({ nb_read_frames: '14', r_frame_rate: '7/1' });
}, 180_000);

test('help', async () => {
  expect(await animate('--help')).toEqual({ code: 0, out: `${USAGE}\n`, err: '' });
});

describe('what can’t be is one line', () => {
  const inTiny = ['--model', 'tiny'];

  test.each([
    [[], 2, 'which photo, and which video?'],
    [['my photo.jpg', 'o.mp4', '--fast'], 2, "Unknown option '--fast'"],
    [
      ['my photo.jpg', 'o.mp4', ...inTiny, '--motion', '300'],
      2,
      'motion must be a whole number from 1 to 255, not 300',
    ],
    [['my photo.jpg', 'o.mp4', ...inTiny, '--seed=-1'], 2, 'seed must be a whole number from 0 to 4294967295, not -1'],
    [
      ['my photo.jpg', 'o.mp4', ...inTiny, '--size', '100x64'],
      2,
      'size 100x64: width and height must be multiples of 64',
    ],
    [
      ['my photo.jpg', 'o.mp4', ...inTiny, '--output-fps', '5'],
      2,
      "the output's frame rate must be from the frames' own 7",
    ],
    [['none.jpg', 'o.mp4', ...inTiny], 1, 'none.jpg: no such file'],
    [['tiny/cinematica.json', 'o.mp4', ...inTiny], 1, 'tiny/cinematica.json: not an image that can be read'],
    [['my photo.jpg', 'o.mp4', '--model', 'nowhere'], 1, 'nowhere is not a folder'],
    [['my photo.jpg', 'o.mp4', '--model', '.'], 1, 'model_index.json'],
    [['my photo.jpg', 'none/o.mp4', ...inTiny], 1, 'none: there is no such folder'],
    [['my photo.jpg', 'my photo.jpg/o.mp4', ...inTiny], 1, 'my photo.jpg: this is not a folder'],
  ])('%j', async (args, code, message) => {
    const result = await animate(...args);
    expect(result).toMatchObject({ code, out: '' });
    const lines = result.err.trimEnd().split('\n');
    expect(lines.at(-1)).toMatch(/^animate: /);
    expect(lines.at(-1)).toContain(message);
    expect(lines.slice(0, -1).filter((line) => !line.startsWith('1/5 '))).toEqual([]);
    expect(await readdir(folder)).not.toContain('o.mp4');
  });

  test('a video that would replace its photo', async () => {
    await copyFile(photo, join(folder, 'photo.webp'));
    const { code, err } = await animate('photo.webp', './photo.webp', ...inTiny);
    expect({ code, err }).toEqual({
      code: 1,
      err: `animate: ${join(folder, 'photo.webp')}: the video would replace the photo\n`,
    });
  });

  test('no model, and none of the project’s own', () => {
    expect(() => findModel(undefined, folder)).toThrow(/--model; npm run weights -- svd-xt fetches/);
    expect(findModel('/some/model', folder)).toBe('/some/model');
  });
});

test('Ctrl-C stops it in the middle of a step, and leaves no file', async () => {
  const target = join(folder, 'stopped');
  await mkdir(target);
  const args = [photo, join(target, 'o.mp4'), '--model', model, '--frames', '5', '--steps', '900', '--threads', '1'];
  const child = spawn(process.execPath, [command, ...args], { env: environment, stdio: ['ignore', 'ignore', 'pipe'] });
  let err = '';
  child.stderr.setEncoding('utf8').on('data', (data: string) => {
    const before = err;
    err += data;
    if (!before.includes('step 1 of') && err.includes('step 1 of')) child.kill('SIGINT');
  });
  const [code] = (await once(child, 'close')) as [number];
  expect(code).toBe(130);
  expect(err.trimEnd().split('\n').at(-1)).toBe('stopped');
  expect(await readdir(target)).toEqual([]);
}, 180_000);
