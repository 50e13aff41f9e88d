import { create } from '@bufbuild/protobuf';
import { PipelineStage, PlanSchema, TaskNotice } from '@cinematica/pipeline';
import type { Plan, StageHooks } from '@cinematica/pipeline';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { removeStaleFolders } from './files.ts';
import { createMuxStage } from './stage.ts';

const run = promisify(execFile);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mux-stage-'));
});
afterEach(() => rm(folder, { recursive: true }));

const [width, height] = [64, 48];

/** A scene of soft waves, through which the camera pans by two pixels per frame. */
const scene = (x: number, y: number): number => 128 + 50 * Math.sin(x / 5) + 50 * Math.cos(y / 4 + x / 17);

function picture(wide: number, high: number, pan: number): Uint8Array {
  const data = new Uint8Array(3 * wide * high);
  for (let at = 0; at < wide * high; at++) {
    const value = scene(((at % wide) * width) / wide + pan, (Math.floor(at / wide) * height) / high);
    data.fill(value, 3 * at, 3 * at + 3);
  }
  return data;
}

/** The chunks of two segments of four frames. The first frame of the second one repeats the last frame of the first one. */
const chunks = new Map<string, Buffer>(
  [0, 1].flatMap((segment) =>
    [0, 1].map((chunk) => {
      const frames = [0, 1].map((frame) => picture(width, height, 2 * (3 * segment + 2 * chunk + frame)));
      return [`${segment}/frames-${chunk}`, Buffer.concat(frames)] as const;
    }),
  ),
);

const planOf = (changes: Partial<Omit<Plan, '$typeName' | '$unknown'>> = {}): Plan =>
  create(PlanSchema, {
    model: 'tiny',
    width,
    height,
    frames: 7,
    conditioningFps: 7,
    frameRate: 28,
    segments: 2,
    segmentFrames: 4,
    decodeChunks: [2, 2],
    outputs: ['mp4', 'webp'],
    loop: true,
    focusX: 0.5,
    focusY: 0.5,
    zoom: 1,
    resolution: 'hd',
    outputWidth: 256,
    outputHeight: 192,
    ...changes,
  });

async function mux(plan: Plan, { finishTimeoutMs = 60_000, lost = '' } = {}) {
  const photo = await sharp(picture(256, 192, 0), { raw: { width: 256, height: 192, channels: 3 } })
    .jpeg({ quality: 100 })
    .toBuffer();
  const warnings: string[] = [];
  const notices: TaskNotice[] = [];
  const steps: number[] = [];
  const outputs = new Map<string, Uint8Array>();
  const { signal } = new AbortController();
  const hooks: StageHooks = {
    saved: null,
    signal,
    draining: signal,
    progress: (step) => steps.push(step),
    save: () => Promise.resolve(),
    preview: () => undefined,
    notice: (notice) => notices.push(notice),
    output: (_, part, data) => Promise.resolve(void outputs.set(part, data)),
  };
  const inputs = {
    photo: () => Promise.resolve(photo),
    parts: () => [],
    read: (_: PipelineStage, segment: number, part: string) =>
      part === lost ? Promise.reject(new Error(`lost ${part}`)) : Promise.resolve(chunks.get(`${segment}/${part}`)!),
  };
  const log = { warn: (message: string) => void warnings.push(message) };
  const stage = createMuxStage({ threads: 2, finishTimeoutMs, log });
  await stage.run({ videoId: 'v', stage: PipelineStage.MUX, segment: 0, plan }, inputs, hooks);
  return { outputs, notices, warnings, steps };
}

async function probe(data: Uint8Array) {
  const file = join(folder, 'probed.mp4');
  await writeFile(file, data);
  const shown =
    '-v error -select_streams v -count_frames -show_entries stream=width,height,nb_read_frames,r_frame_rate';
  const { stdout } = await run('ffprobe', [...shown.split(' '), '-of', 'json', file]);
  return (JSON.parse(stdout) as { streams: unknown[] }).streams[0];
}

test('frames are finished: they have the size and the rate of the plan, across segments', async () => {
  const { outputs, notices, warnings, steps } = await mux(planOf());
  expect([...outputs.keys()].toSorted()).toEqual(['card', 'last-frame', 'loop', 'mp4', 'poster', 'webp']);
  const size = { width: 256, height: 192, r_frame_rate: '28/1' };
  expect(await probe(outputs.get('mp4')!)).toEqual({ ...size, nb_read_frames: '25' });
  expect(await probe(outputs.get('loop')!)).toEqual({ ...size, nb_read_frames: '48' });
  expect(await sharp(outputs.get('poster')).metadata()).toMatchObject({ width: 256, height: 192 });
  expect(await sharp(outputs.get('last-frame')).metadata()).toMatchObject({ width: 256, height: 192, format: 'png' });
  expect([notices, warnings]).toEqual([[], []]);
  expect(steps).toEqual([1, 2, 3, 4, 5, 6, 7]);
});

test('a repeated attempt gives the same bytes', async () => {
  const [first, second] = [await mux(planOf()), await mux(planOf())];
  for (const [part, data] of first.outputs) expect(Buffer.compare(data, second.outputs.get(part)!), part).toBe(0);
});

test('the model’s own resolution and rate leave its frames as they are', async () => {
  const plan = planOf({ resolution: 'model', outputWidth: width, outputHeight: height, frameRate: 7 });
  const { outputs } = await mux(plan);
  expect(await probe(outputs.get('mp4')!)).toEqual({ width, height, r_frame_rate: '7/1', nb_read_frames: '7' });
  const last = await sharp(outputs.get('last-frame')).raw().toBuffer();
  expect(last.equals(picture(width, height, 12))).toBe(true);
});

test('finishing that takes too long is left out: the files have the same shape, and the video has a notice', async () => {
  const { outputs, notices, warnings, steps } = await mux(planOf(), { finishTimeoutMs: 1 });
  expect(await probe(outputs.get('mp4')!)).toEqual({
    width: 256,
    height: 192,
    r_frame_rate: '28/1',
    nb_read_frames: '25',
  });
  expect(await sharp(outputs.get('last-frame')).metadata()).toMatchObject({ width: 256, height: 192 });
  expect(notices).toEqual([TaskNotice.NOT_FINISHED]);
  expect(warnings).toEqual(['finishing took more than 0.001 s: the frames are encoded as they are']);
  expect(steps.at(-1)).toBe(7);
});

test('frames that are too small to be finished are encoded as they are', async () => {
  const tiny = planOf({ width: 8, height: 4, outputWidth: 32, outputHeight: 16, segments: 1, segmentFrames: 4 });

  const { notices } = await mux({ ...tiny, frames: 2, decodeChunks: [2] });
  expect(notices).toEqual([TaskNotice.NOT_FINISHED]);
});

test('an input that is lost is an error, not a reason to leave finishing out', async () => {
  await expect(mux(planOf(), { lost: 'frames-1' })).rejects.toThrow('lost frames-1');
});

test('temporary folders of processes that have ended are removed, and those of others are kept', async () => {
  const own = `cinematica-mux-${process.pid}-of-an-earlier-process`;
  const [ended, running] = ['cinematica-mux-4194305-x', `cinematica-mux-${process.ppid}-x`];
  vi.stubEnv('TMPDIR', folder);
  try {
    for (const name of [own, ended, running, 'cinematica-mux-x']) await mkdir(join(folder, name));
    await removeStaleFolders();
    expect((await readdir(folder)).toSorted()).toEqual([running, 'cinematica-mux-x'].toSorted());
  } finally {
    vi.unstubAllEnvs();
  }
});
