import { RetryInfoSchema } from '@cinematica/protocol';
import { MediaKind, Video_State } from '@cinematica/protocol/v1';
import type { Video } from '@cinematica/protocol/v1';
import { Code, ConnectError } from '@connectrpc/connect';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { animatedGif, animatedWebp, blackPng, chart, noise, withSegments } from '@cinematica/gateway/testing/photos';
import { fetchMedia, reasonOf, watchToEnd } from '../support/api.ts';
import { startRealSystem } from '../support/real-system.ts';
import type { RealSystem, VideoClient } from '../support/real-system.ts';

let system: RealSystem;
let ann: VideoClient;

beforeAll(async () => {
  system = await startRealSystem({ BUCKET_MIB: '24' });
  ann = system.client('ann');
});
afterAll(async () => {
  await system[Symbol.asyncDispose]();
});

const settings = {
  frames: 2,
  steps: 2,
  minGuidance: 1,
  maxGuidance: 1,
  shape: { case: 'size' as const, value: { width: 64, height: 64 } },
};

async function send(value: Uint8Array): Promise<Video> {
  const { video } = await ann.createVideo({ source: { case: 'image', value: new Uint8Array(value) }, settings });
  return video!;
}

/** Why a slow, busy machine refuses a photo that it could accept. */
const BUSY = ['SYSTEM_BUSY', 'IMAGE_TIMEOUT'];

/** The outcome of an upload: the size of the photo, or the reason of the refusal. While the machine is busy, it is sent again. */
async function outcomeOf(value: Uint8Array): Promise<string> {
  try {
    const video = await send(value);
    await ann.deleteVideo({ name: video.name });
    return `${video.media[0]?.width}×${video.media[0]?.height}`;
  } catch (error) {
    const reason = reasonOf(error);
    if (!BUSY.includes(reason)) return `${Code[ConnectError.from(error).code]} ${reason}`;
    await delay(500);
    return outcomeOf(value);
  }
}

const flat = (width: number, height: number) => sharp({ create: { width, height, channels: 3, background: '#468' } });
const grey = () => sharp(Buffer.alloc(4800, 77), { raw: { width: 80, height: 60, channels: 1 } }).toColourspace('b-w');
const turned = (orientation: number) => chart(80, 60).withMetadata({ orientation }).jpeg().toBuffer();
const [UNSUPPORTED, UNREADABLE, TOO_LARGE, TOO_SMALL] = [
  'TYPE_UNSUPPORTED',
  'UNREADABLE',
  'TOO_LARGE',
  'TOO_SMALL',
].map((why) => `InvalidArgument IMAGE_${why}`) as [string, string, string, string];

/** Uploads and their expected outcomes. */
const UPLOADS: readonly (readonly [what: string, make: () => Promise<Uint8Array> | Uint8Array, outcome: string])[] = [
  ['not an image', () => randomBytes(5_000), UNSUPPORTED],
  ['zero bytes', () => new Uint8Array(), UNREADABLE],
  ['cut off', async () => (await chart(900, 600).jpeg().toBuffer()).subarray(0, 3_000), UNREADABLE],
  ['30,000 × 30,000', () => blackPng(30_000, 30_000), TOO_LARGE],
  ['a WebP of 15,000 frames', () => animatedWebp(4_000, 4_000, 15_000), '2236×2236'],
  ['a WebP of 268 megapixels', () => animatedWebp(16, 16, 50, { width: 16_383, height: 16_383 }), TOO_LARGE],
  ['a GIF of 9,000 frames', () => animatedGif(65_535, 65_535, 9_000), UNSUPPORTED],
  [
    'SVG',
    () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'),
    UNSUPPORTED,
  ],
  ['PDF', () => Buffer.from('%PDF-1.7\n%âãÏÓ'), UNSUPPORTED],
  ['13 MB', () => Buffer.concat([Buffer.from([0xff, 0xd8, 0xff]), Buffer.alloc(13e6)]), TOO_LARGE],
  ...[1, 2, 3, 4].map((turn) => [`orientation ${turn}`, () => turned(turn), '80×60'] as const),
  ...[5, 6, 7, 8].map((turn) => [`orientation ${turn}`, () => turned(turn), '60×80'] as const),
  ['CMYK', () => chart(80, 60).toColourspace('cmyk').jpeg().toBuffer(), '80×60'],
  ['16 bits', () => chart(80, 60).toColourspace('rgb16').png().toBuffer(), '80×60'],
  ['grey', () => grey().png().toBuffer(), '80×60'],
  ['alpha', () => chart(80, 60).ensureAlpha(0.5).png().toBuffer(), '80×60'],
  ['one pixel wide', () => chart(1, 60).png().toBuffer(), TOO_SMALL],
];

/** The accepted photos that need the most memory, and one that is refused because it needs more than its pixels. */
const HUNGRY: typeof UPLOADS = [
  ['50 megapixels of 16 bits', () => blackPng(7_070, 7_070, { interlaced: true, bits: 16 }), '2236×2236'],
  ['50 megapixels, progressive', () => flat(7_070, 7_070).jpeg({ progressive: true }).toBuffer(), '2236×2236'],
  ['12 megapixels of AVIF', () => flat(3_500, 3_500).avif({ bitdepth: 10, effort: 0 }).toBuffer(), '2236×2236'],
  ['interlaced, with alpha', () => blackPng(7_070, 7_070, { interlaced: true, bits: 16, channels: 4 }), TOO_LARGE],
  ['11 megapixels of noise', () => noise(3_400, 3_400).jpeg({ quality: 98 }).toBuffer(), '2236×2236'],
];

/** The resident memory of a process and its children. Bytes. */
function residentOf(pid: number): { readonly own: number; readonly children: number } {
  const read = (of: string, file: string) => {
    const path = `/proc/${of}/${file}`;
    try {
      return existsSync(path) ? readFileSync(path, 'utf8') : '';
    } catch {
      // The process has already ended.
      return '';
    }
  };
  const resident = (of: string) => Number(/^VmRSS:\s*(\d+) kB/m.exec(read(of, 'status'))?.[1] ?? 0) * 1024;
  const children = read(`${pid}`, `task/${pid}/children`).split(' ').filter(Boolean);
  return { own: resident(`${pid}`), children: children.reduce((sum, child) => sum + resident(child), 0) };
}

const megabytes = (bytes: number): number => Math.round(bytes / 1e6);

/** The largest increase in memory of a process and its children while `work` runs. MB. */
async function grownWhile(pid: number, work: () => Promise<void>) {
  const resting = residentOf(pid);
  const most = { own: 0, children: 0, together: 0 };
  const watch = setInterval(() => {
    const now = residentOf(pid);
    const [own, children] = [now.own - resting.own, now.children - resting.children].map(megabytes) as [number, number];
    most.own = Math.max(most.own, own);
    most.children = Math.max(most.children, children);
    most.together = Math.max(most.together, own + children);
  }, 5);
  await work().finally(() => clearInterval(watch));
  return most;
}

// Only Linux reports the memory of a process in /proc.
test.runIf(process.platform === 'linux')(
  'hostile and odd photos: a good answer or a clear refusal, and never much memory',
  async () => {
    const gateway = (await system.pid('gateway'))!;
    const resting = residentOf(gateway);
    const grown = await grownWhile(gateway, async () => {
      for (const [what, make, outcome] of UPLOADS) {
        expect(`${what}: ${await outcomeOf(await make())}`).toBe(`${what}: ${outcome}`);
      }
      // All uploads at the same time. The gateway decodes them one after another.
      const hungry = await Promise.all(HUNGRY.map(async ([, make]) => make()));
      const outcomes = (await Promise.all([...hungry, ...hungry].map(outcomeOf))).map(
        (outcome, index) => `${HUNGRY[index % HUNGRY.length]![0]}: ${outcome}`,
      );
      expect(outcomes).toEqual([...HUNGRY, ...HUNGRY].map(([what, , outcome]) => `${what}: ${outcome}`));
    });
    console.info(
      `at rest ${megabytes(resting.own)} MB of the gateway and ${megabytes(resting.children)} of its photo process; ` +
        `at most ${grown.own} and ${grown.children} MB more, together ${grown.together}`,
    );
    expect(grown.together).toBeLessThan(500);
    expect(await system.pid('gateway')).toBe(gateway);
    expect(readFileSync(join(system.folder, 'logs/gateway.log'), 'utf8')).not.toContain('"level":"error"');
  },
  240_000,
);

test('a body with a wrong media type or a decompression bomb is refused', async () => {
  const post = async (headers: Record<string, string>, body: Buffer) => {
    const address = `${system.url}/cinematica.v1.VideoService/CreateVideo`;
    return (await fetch(address, { method: 'POST', headers, body: new Uint8Array(body) })).status;
  };
  const photo = await chart(80, 60).jpeg().toBuffer();
  expect(await post({ 'content-type': 'image/jpeg' }, photo)).toBe(415);
  expect(await post({ 'content-type': 'application/json' }, photo)).toBe(400);
  const packed = gzipSync(Buffer.alloc(400_000_000));
  const bomb = await post({ 'content-type': 'application/proto', 'content-encoding': 'gzip' }, packed);
  // The decompressed body exceeds the limit, or no memory is free for it.
  expect([400, 429]).toContain(bomb);
});

/** What the metadata of every video contains. */
const ORIGIN = 'trainedAlgorithmicMedia';

/** The content of a file; null for a folder, and for a file that NATS has removed meanwhile. */
function readIfFile(path: string): Buffer | null {
  try {
    return statSync(path).isFile() ? readFileSync(path) : null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

test('only the pixels of a photo are stored, served or logged', async () => {
  const thumbnail = await noise(160, 120).jpeg().toBuffer();
  const tagged = await chart(96, 64)
    .withExif({ IFD0: { Make: 'SECRET-MAKE', Copyright: 'SECRET-OWNER' }, IFD3: { GPSMapDatum: 'SECRET-GPS' } })
    .withXmp('<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf>SECRET-XMP</rdf></x:xmpmeta>')
    .jpeg()
    .toBuffer();
  const segments = [[0xec, thumbnail] as const, [0xfe, Buffer.from('SECRET-COMMENT')] as const];
  const { name } = await send(Buffer.concat([withSegments(tagged, segments), Buffer.from('SECRET-TAIL')]));
  expect(reasonOf(await send(Buffer.from('SECRET-TEXT')).catch((error: unknown) => error))).not.toBe('');
  const [last] = (await watchToEnd(ann, name)).slice(-1);
  expect(last?.video?.state).toBe(Video_State.DONE);

  const marks = [Buffer.from('SECRET-'), thumbnail.subarray(200, 232)];
  for (const mark of marks) expect(withSegments(tagged, segments).includes(mark)).toBe(true);
  const { video } = await ann.getVideo({ name });
  for (const kind of [MediaKind.PHOTO, MediaKind.POSTER, MediaKind.MP4]) {
    const served = await fetchMedia(system.url, video!, kind);
    for (const mark of marks) expect(served.includes(mark)).toBe(false);
  }
  const files = readdirSync(system.folder, { recursive: true, encoding: 'utf8' }).flatMap((file) => {
    const data = readIfFile(join(system.folder, file));
    return data === null
      ? []
      : [{ file, isVideo: data.includes(ORIGIN), isMarked: marks.some((mark) => data.includes(mark)) }];
  });
  // The files of NATS are among them, and they are not compressed, so that a search finds their content.
  expect(files.some(({ isVideo }) => isVideo)).toBe(true);
  expect(files.filter(({ isMarked }) => isMarked)).toEqual([]);
});

test('a full store refuses uploads until something is deleted', async () => {
  const photo = await noise(2_048, 2_048).jpeg({ quality: 80 }).toBuffer();
  const videos: Video[] = [];
  const refusal = await (async () => {
    while (videos.length < 20) videos.push(await send(photo));
  })().catch((error: unknown) => ConnectError.from(error));
  expect(videos.length).toBeGreaterThan(1);
  expect([refusal?.code, reasonOf(refusal)]).toEqual([Code.ResourceExhausted, 'STORAGE_FULL']);
  expect(refusal?.findDetails(RetryInfoSchema)).toHaveLength(1);
  await Promise.all(videos.map(({ name }) => ann.deleteVideo({ name })));
  const again = () => send(photo).then(({ name }) => name, reasonOf);
  await expect.poll(again, { timeout: 20_000, interval: 500 }).toMatch(/^videos\//);
  const [newest] = (await ann.listVideos({ pageSize: 1 })).videos;
  expect((await watchToEnd(ann, newest!.name)).at(-1)?.video?.state).toBe(Video_State.DONE);
}, 120_000);
