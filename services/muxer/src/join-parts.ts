import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GENERATED_SOURCE_TYPE } from '@cinematica/provenance';
import { convertFiles, FfmpegError, SILENT_INPUT } from './ffmpeg.ts';
import type { FfmpegConversion } from './ffmpeg.ts';
import { inFolder } from './files.ts';
import { MP4_FLAGS, mp4Picture, SAME_BYTES, silentSound } from './media-encoders.ts';
import { embedXmp } from './media-embed-xmp.ts';
import { xmpPacket } from './media-xmp.ts';

/** How long a run of ffmpeg may take, which copies a file or encodes at most a few seconds of it. Milliseconds. */
const TIMEOUT_MS = 300_000;

/** The parts of a longer video. */
export interface Parts {
  readonly count: number;
  /** Their frame rate, per second. */
  readonly fps: number;
  /** Returns an mp4; each is only in memory until it is written to disk. */
  readonly read: (index: number) => Promise<Uint8Array>;
}

/** How the joined file is made. */
export interface JoinOptions {
  /** For the metadata of the file. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** The number of threads of the encoder. */
  readonly threads: number;
}

/** A piece of the joined video, without sound. */
interface Piece {
  /** Its name in the folder. */
  readonly name: string;
  readonly frames: number;
}

/**
 * Joins mp4 files of one size and frame rate to one. Each begins with the last frame of the one before, which is shown once. The
 * frames are copied; only those from the last keyframe before a seam on are encoded again, because frames refer to later ones.
 *
 * @param use reads the file, which is removed afterwards.
 */
export async function joinParts(
  { count, fps, read }: Parts,
  { settings, threads }: JoinOptions,
  use: (file: string) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  await inFolder(async (folder) => {
    const convert = (job: Omit<FfmpegConversion, 'timeoutMs'>): Promise<void> =>
      convertFiles({ ...job, timeoutMs: TIMEOUT_MS }, signal);
    const pieces: Piece[] = [];
    for (let index = 0; index < count; index++) {
      const name = `part-${index}.mp4`;
      await writeFile(join(folder, name), await read(index));
      const part = { name, ...(await readFrames(folder, name, convert)) };
      if (index === count - 1) pieces.push(part);
      else pieces.push(...(await withoutLastFrame(part, { folder, fps, threads }, convert)));
    }
    // Names are relative to the list.
    const lines = pieces.map(({ name, frames }) => `file '${name}'\nduration ${frames / fps}\n`);
    const [list, file] = [join(folder, 'list'), join(folder, 'joined.mp4')];
    await writeFile(list, lines.join(''));
    const seconds = pieces.reduce((sum, { frames }) => sum + frames, 0) / fps;
    const metadata = [`comment=${JSON.stringify(settings)}`, `digitalSourceType=${GENERATED_SOURCE_TYPE}`];
    await convert({
      inputs: [{ file: list, options: '-f concat -safe 0'.split(' ') }, SILENT_INPUT],
      file,
      options: [
        ...'-map 0:v -map 1:a -c:v copy'.split(' '),
        ...SAME_BYTES,
        ...silentSound(seconds),
        ...MP4_FLAGS,
        ...metadata.flatMap((entry) => ['-metadata', entry]),
        ...['-f', 'mp4'],
      ],
    });
    await embedXmp(file, 'mp4', xmpPacket(settings));
    await use(file);
  });
}

type Convert = (job: Omit<FfmpegConversion, 'timeoutMs'>) => Promise<void>;

/** A part, and its last keyframe, counted from 0: no frame before it refers to a frame after it. */
interface Part extends Piece {
  readonly keyframe: number;
}

/** Counts the frames of a file without decoding them. */
async function readFrames(folder: string, name: string, convert: Convert): Promise<Omit<Part, 'name'>> {
  const file = join(folder, `${name}.frames`);
  const options = '-map 0:v -c copy -f framecrc'.split(' ');
  await convert({ inputs: [{ file: join(folder, name) }], file, options });
  // One line a frame, in the order of decoding. Those of other frames than keyframes end with their flags.
  const frames = (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const keyframe = frames.findLastIndex((line) => !line.includes('F=0x0'));
  if (keyframe < 0) throw new FfmpegError(`ffmpeg found no keyframe in ${name}: the part is damaged`, '');
  return { frames: frames.length, keyframe };
}

/** Copies a part up to its last keyframe, and encodes the rest again without the last frame. */
async function withoutLastFrame(
  { name, frames, keyframe }: Part,
  { folder, fps, threads }: { readonly folder: string; readonly fps: number; readonly threads: number },
  convert: Convert,
): Promise<Piece[]> {
  const inputs = [{ file: join(folder, name) }];
  const [head, tail] = [`head-${name}`, `tail-${name}`];
  const pieces: Piece[] = [];
  if (keyframe > 0) {
    const options = `-map 0:v -c copy -frames:v ${keyframe}`.split(' ');
    await convert({ inputs, file: join(folder, head), options });
    pieces.push({ name: head, frames: keyframe });
  }
  const rest = frames - 1 - keyframe;
  if (rest > 0) {
    const cut = `trim=start_frame=${keyframe}:end_frame=${frames - 1},setpts=PTS-STARTPTS`;
    const options = ['-map', '0:v', '-vf', cut, ...mp4Picture(fps, threads)];
    await convert({ inputs, file: join(folder, tail), options });
    pieces.push({ name: tail, frames: rest });
  }
  return pieces;
}
