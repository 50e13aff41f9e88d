import type { GrayPicture } from '@cinematica/provenance';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGrayReader } from './gray-reader.ts';
import { lowerPriorityOfProcess } from '../give-way.ts';
import { MediaError } from './media-error.ts';
import { MEDIA_LIMITS } from './media-limits.ts';

/** ffmpeg's demuxers of the containers that are read. */
export type VideoContainer = 'mov' | 'matroska';

/** ffmpeg prints at most this much that is kept for an error message. UTF-16 code units. */
const MAX_OUTPUT_LENGTH = 2048;

/**
 * Reads pictures of an untrusted video, from its beginning: see {@link MEDIA_LIMITS}. First its key frames, which codecs keep
 * best, and when more is asked for, the key frames together with pictures at equal distances. A process of ffmpeg decodes them, without secrets and environment
 * variables; it may read nothing but the file, which is removed afterwards.
 *
 * @returns groups of pictures, which are not empty.
 * @throws MediaError when it is not a video that can be read in time; the signal's reason; Error when ffmpeg cannot be started.
 */
export async function* readVideo(
  bytes: Uint8Array,
  container: VideoContainer,
  signal: AbortSignal,
): AsyncGenerator<readonly GrayPicture[], void, undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'cinematica-verify-'));
  try {
    const file = join(folder, 'media');
    await writeFile(file, bytes, { mode: 0o600 });
    const keyFrames = await decode(file, container, KEY_FRAMES, signal);
    yield keyFrames;
    const spaced = await decode(file, container, SPACED_FRAMES, signal);
    yield sameSize([...evenly(keyFrames), ...evenly(spaced)]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * A script that runs the command in its arguments with a limit of memory. Without it, a file of 1.6 kB whose index claims 80 million
 * pictures takes 2.6 GB. A video of 4K with 10 bits, 4:4:4 and 16 reference pictures takes 600 MB. macOS has no such limit.
 */
const LIMIT_MEMORY = `ulimit -v ${MEDIA_LIMITS.decoderKib} 2>/dev/null; exec "$0" "$@"`;

/** The exit codes of a shell that cannot run a command. */
const [NOT_EXECUTABLE, NOT_FOUND] = [126, 127];

/** Which pictures of a video are read: options of ffmpeg's decoder, and a filter. */
interface Choice {
  readonly decoder: readonly string[];
  readonly filter: string;
}

const KEY_FRAMES: Choice = { decoder: ['-skip_frame', 'nokey'], filter: 'null' };

const SPACED_FRAMES: Choice = {
  decoder: [],
  filter: `select='isnan(prev_selected_t)+gte(t-prev_selected_t,${MEDIA_LIMITS.everySeconds})'`,
};

async function decode(
  file: string,
  container: VideoContainer,
  { decoder, filter }: Choice,
  signal: AbortSignal,
): Promise<GrayPicture[]> {
  const { maxPixels, maxPictures, readTimeoutMs } = MEDIA_LIMITS;
  const deadline = AbortSignal.timeout(readTimeoutMs);
  const args = [
    ...'-nostdin -hide_banner -loglevel error -threads 1 -protocol_whitelist file'.split(' '),
    ...['-max_pixels', String(maxPixels), ...decoder, '-f', container, '-i', file],
    ...['-map', '0:v:0', '-an', '-sn', '-dn', '-vf', `${filter},${FIT},format=gray`, '-fps_mode', 'passthrough'],
    ...['-frames:v', String(maxPictures), '-c:v', 'pgm', '-f', 'image2pipe', 'pipe:1'],
  ];
  const child = spawn('/bin/sh', ['-c', LIMIT_MEMORY, process.env.FFMPEG_PATH ?? 'ffmpeg', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: '/',
    env: { PATH: process.env.PATH ?? '' },
    signal: AbortSignal.any([signal, deadline]),
    killSignal: 'SIGKILL',
  });
  if (child.pid !== undefined) lowerPriorityOfProcess(child.pid);
  let said = '';
  child.stderr.on('data', (piece: Buffer) => (said = (said + piece.toString()).slice(-MAX_OUTPUT_LENGTH)));
  const closed = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  closed.catch(() => undefined);
  const pictures: GrayPicture[] = [];
  const reader = createGrayReader((picture) => pictures.push(picture));
  try {
    for await (const piece of child.stdout) reader.add(piece as Buffer);
    const code = await closed;
    if (code === NOT_FOUND || code === NOT_EXECUTABLE) throw new Error(`ffmpeg cannot be started: ${said.trim()}`);
  } catch (cause) {
    signal.throwIfAborted();
    if (!deadline.aborted) throw cause;
    const seconds = readTimeoutMs / 1000;
    const message = `The video could not be read within ${seconds} s. Send a shorter or smaller one.`;
    throw new MediaError('TIMEOUT', message, { cause });
  } finally {
    child.kill('SIGKILL');
  }
  // Of a video that is cut off, the beginning is enough.
  if (pictures.length > 0) return sameSize(pictures);
  const message = 'The video is damaged, or has no pictures that can be read.';
  throw new MediaError('UNREADABLE', message, { cause: new Error(said.trim()) });
}

/** Limits the size of pictures. */
const FIT = `scale=w='min(iw,${MEDIA_LIMITS.maxSide})':h='min(ih,${MEDIA_LIMITS.maxSide})':force_original_aspect_ratio=decrease:flags=area`;

/** Weighs pictures so that their sum is as strong as one picture, when they differ. */
const evenly = (pictures: readonly GrayPicture[]): GrayPicture[] =>
  pictures.map((picture) => ({ ...picture, weight: 1 / Math.sqrt(pictures.length) }));

/** The pictures of the size that the first one has: a video can change it. */
function sameSize(pictures: readonly GrayPicture[]): GrayPicture[] {
  const { width, height } = pictures[0]!;
  return pictures.filter((picture) => picture.width === width && picture.height === height);
}
