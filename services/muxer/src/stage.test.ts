import { create } from '@bufbuild/protobuf';
import { createLocalAuthority, NO_ROOTS, readCredentials } from '@cinematica/credentials';
import { PhotoOriginSchema, PipelineStage, PlanSchema, TaskNotice } from '@cinematica/pipeline';
import type { Plan, StageHooks } from '@cinematica/pipeline';
import { finishFrames } from '@cinematica/finish';
import { createMarkDetector, videoNumber } from '@cinematica/provenance';
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createCredentialSigner } from './content-credentials.ts';
import type { CredentialSigner } from './content-credentials.ts';
import { removeStaleFolders } from './files.ts';
import { joinParts } from './join-parts.ts';
import type { MarkSettings } from './mark-frames.ts';
import { mp4Picture } from './media-encoders.ts';
import { createMuxStage } from './stage.ts';

vi.mock(import('@cinematica/finish'), { spy: true });

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

const markKey = new TextEncoder().encode('a key that only this test knows..');

/** The message of the mark in a file of 512×384; null when there is none. */
async function findMark(data: Uint8Array, part: string) {
  const size = { width: 512, height: 384 };
  const detector = createMarkDetector(size);
  for (const gray of part === 'mp4' || part === 'loop' ? await grayFrames(data) : [await grayPicture(data)]) {
    detector.add({ ...size, data: gray });
  }
  return detector.find([markKey])?.payload ?? null;
}

const grayPicture = (data: Uint8Array): Promise<Uint8Array> => sharp(data).grayscale().raw().toBuffer();

async function grayFrames(data: Uint8Array): Promise<Uint8Array[]> {
  const file = join(folder, 'marked.mp4');
  await writeFile(file, data);
  const args = ['-v', 'error', '-i', file, '-frames:v', '12', '-f', 'rawvideo', '-pix_fmt', 'gray', '-'];
  const { stdout } = await run('ffmpeg', args, { encoding: 'buffer', maxBuffer: 2 ** 24 });
  return Array.from({ length: 12 }, (_, i) => stdout.subarray(i * 512 * 384, (i + 1) * 512 * 384));
}

const noMark: MarkSettings = { key: null, installation: 0, visible: false };

interface MuxOptions {
  readonly finishTimeoutMs?: number;
  readonly lost?: string;
  readonly joined?: readonly Uint8Array[];
  readonly mark?: MarkSettings;
  readonly credentials?: CredentialSigner | null;
}

async function mux(
  plan: Plan,
  { finishTimeoutMs = 60_000, lost = '', joined = [], mark = noMark, credentials = null }: MuxOptions = {},
) {
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
    joined: (index: number) => Promise.resolve(joined[index]!),
    parts: () => [],
    read: (_: PipelineStage, segment: number, part: string) =>
      part === lost ? Promise.reject(new Error(`lost ${part}`)) : Promise.resolve(chunks.get(`${segment}/${part}`)!),
  };
  const log = { warn: (message: string) => void warnings.push(message) };
  const stage = createMuxStage({ threads: 2, finishTimeoutMs, mark, credentials, log });
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
  expect(steps.toSorted((a, b) => a - b)).toEqual(steps);
  expect(steps.at(-1)).toBe(7);
});

test.each([true, false])('finishing knows whether only the camera moves: %s', async (onlyCameraMoves) => {
  await mux(planOf({ onlyCameraMoves, outputs: ['mp4'], loop: false, frames: 2, segments: 1 }));
  expect(vi.mocked(finishFrames).mock.lastCall?.[1]).toMatchObject({ onlyCameraMoves });
});

/** The frames of an mp4, each as 8 bits of gray. */
async function decode(data: Uint8Array): Promise<Buffer[]> {
  const file = join(folder, 'decoded.mp4');
  await writeFile(file, data);
  const args = ['-v', 'error', '-i', file, '-f', 'rawvideo', '-pix_fmt', 'gray', '-'];
  const { stdout } = await run('ffmpeg', args, { encoding: 'buffer', maxBuffer: 2 ** 26 });
  const size = 256 * 192;
  return Array.from({ length: stdout.length / size }, (_, i) => stdout.subarray(i * size, (i + 1) * size));
}

const meanDifference = (a: Uint8Array, b: Uint8Array): number =>
  a.reduce((sum, value, i) => sum + Math.abs(value - b[i]!), 0) / a.length;

test('several videos are joined to one: the frame that two of them share is shown once, and no other is lost', async () => {
  const { outputs } = await mux(planOf());
  const [mp4, poster, lastFrame, card] = ['mp4', 'poster', 'last-frame', 'card'].map((part) => outputs.get(part)!);
  const plan = planOf({ join: ['a', 'b'], frames: 13, loop: false, outputs: ['mp4', 'card'] });
  const made = await mux(plan, { joined: [mp4!, mp4!, poster!, lastFrame!, card!] });
  expect([...made.outputs.keys()]).toEqual(['mp4', 'poster', 'last-frame', 'card']);
  const size = { width: 256, height: 192, r_frame_rate: '28/1' };
  expect(await probe(made.outputs.get('mp4')!)).toEqual({ ...size, nb_read_frames: '49' });
  const [part, joined] = [await decode(mp4!), await decode(made.outputs.get('mp4')!)];
  expect([part.length, joined.length]).toEqual([25, 49]);
  // Before the seam, frames are encoded a second time; after it, they are copied.
  const expected = [...part.slice(0, -1), ...part];
  const differences = expected.map((frame, i) => meanDifference(frame, joined[i]!));
  expect(Math.max(...differences.slice(0, 24))).toBeLessThan(2);
  expect(Math.max(...differences.slice(24))).toBe(0);
  // A neighbour differs more: the frames are in their order.
  expect(meanDifference(part[11]!, joined[12]!)).toBeGreaterThan(differences[12]!);
});

test('of a part that ends just after a keyframe, all frames but the last are copied', async () => {
  const [file, made] = [join(folder, 'part.mp4'), join(folder, 'joined.mp4')];
  const picture = '-f lavfi -i testsrc=size=256x192:rate=28 -frames:v 57'.split(' ');
  await run('ffmpeg', ['-v', 'error', ...picture, ...mp4Picture(28, 2), file]);
  const mp4 = await readFile(file);
  const parts = { count: 3, fps: 28, read: () => Promise.resolve(mp4) };
  await joinParts(parts, { settings: {}, threads: 2 }, (joined) => copyFile(joined, made), AbortSignal.timeout(60_000));
  const [part, joined] = [await decode(mp4), await decode(await readFile(made))];
  expect(joined.length).toBe(56 + 56 + 57);
  for (const [i, frame] of [...part.slice(0, -1), ...part.slice(0, -1), ...part].entries()) {
    expect(Buffer.compare(frame, joined[i]!), `frame ${i}`).toBe(0);
  }
});

test('a part without frames is an error: the joined video would lack it', async () => {
  const [one, none] = [join(folder, 'one.mp4'), join(folder, 'none.mp4')];
  await run('ffmpeg', ['-v', 'error', ...'-f lavfi -i testsrc=size=64x64:rate=28 -frames:v 1'.split(' '), one]);
  await run('ffmpeg', [
    '-v',
    'error',
    '-i',
    one,
    ...'-ss 9 -c copy -movflags empty_moov+frag_keyframe'.split(' '),
    none,
  ]);
  const files = await Promise.all([one, none].map((file) => readFile(file)));
  const parts = { count: 2, fps: 28, read: (index: number) => Promise.resolve(files[index]!) };
  const joined = joinParts(parts, { settings: {}, threads: 1 }, () => Promise.resolve(), AbortSignal.timeout(60_000));
  await expect(joined).rejects.toThrow('no keyframe in part-1.mp4');
});

test('a repeated attempt gives the same bytes', async () => {
  const [first, second] = [await mux(planOf()), await mux(planOf())];
  for (const [part, data] of first.outputs) expect(Buffer.compare(data, second.outputs.get(part)!), part).toBe(0);
});

test('every file carries the mark of its video, and the last frame, which another video can start from, does not', async () => {
  const size = { outputWidth: 512, outputHeight: 384 };
  const { outputs, notices } = await mux(planOf(size), { mark: { key: markKey, installation: 7, visible: false } });
  expect(notices).toEqual([]);
  for (const part of ['mp4', 'loop', 'webp', 'poster']) {
    expect(await findMark(outputs.get(part)!, part), part).toEqual({ installation: 7, video: videoNumber('v') });
  }
  expect(await findMark(outputs.get('last-frame')!, 'last-frame')).toBeNull();
});

test('a video that cannot be marked is made without the mark, and says so', async () => {
  const { outputs, notices, warnings } = await mux(planOf(), {
    mark: { key: markKey.subarray(0, 4), installation: 0, visible: false },
  });
  expect(notices).toEqual([TaskNotice.NOT_MARKED]);
  expect(warnings).toEqual(['the frames could not be marked: the video is made without the invisible mark']);
  expect([...outputs.keys()]).toContain('mp4');
});

test('files carry content credentials with the model, the licence and the photo, and the same bytes when repeated', async () => {
  const { root, certificates, privateKey } = await createLocalAuthority('a test');
  const keys = join(folder, 'credentials');
  await mkdir(keys);
  await writeFile(join(keys, 'certificates.pem'), certificates);
  await writeFile(join(keys, 'key.pem'), privateKey);
  const credentials = createCredentialSigner(keys, '1.2.3');
  const photoOrigin = create(PhotoOriginSchema, { sha256: 'ab'.repeat(32), contentType: 'image/jpeg' });
  const plan = planOf({ modelLicence: 'Apache-2.0', photoOrigin });
  const [first, second] = [await mux(plan, { credentials }), await mux(plan, { credentials })];
  for (const part of ['mp4', 'loop', 'webp', 'poster', 'card']) {
    const file = first.outputs.get(part)!;
    expect(await readCredentials(file, { ...NO_ROOTS, own: [root] }), part).toMatchObject({
      state: 'valid',
      voucher: 'own',
      generated: true,
    });
    expect(Buffer.from(file).includes('Apache-2.0'), part).toBe(true);
    expect(Buffer.from(file).includes(`urn:sha256:${'ab'.repeat(32)}`), part).toBe(true);
    expect(Buffer.compare(file, second.outputs.get(part)!), part).toBe(0);
  }
  expect(await probe(first.outputs.get('mp4')!)).toMatchObject({ nb_read_frames: '25' });
  expect(first.notices).toEqual([]);
});

test('a video whose certificate is missing is made without content credentials, and has a notice', async () => {
  const { outputs, notices, warnings } = await mux(planOf({ outputs: [], loop: false }), {
    credentials: createCredentialSigner(join(folder, 'none'), '1.2.3'),
  });
  expect(await readCredentials(outputs.get('mp4')!, NO_ROOTS)).toEqual({ state: 'missing' });
  expect(notices).toEqual([TaskNotice.NOT_SIGNED]);
  expect(warnings).toEqual(['the content credentials were not signed']);
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
