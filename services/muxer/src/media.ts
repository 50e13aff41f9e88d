import { inSpan } from '@cinematica/pipeline';
import type { FileShape } from '@cinematica/pipeline';
import { randomUUID } from 'node:crypto';
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createBoomerangFrames } from './boomerang-frames.ts';
import { requireFfmpeg, runFfmpeg } from './ffmpeg.ts';
import { embedXmp } from './media-embed-xmp.ts';
import { ENCODERS, encoderOptions, hasSound, SOUND_ENCODER } from './media-encoders.ts';
import { boomerangFilters, forwardFilters, outputLabel } from './media-filters.ts';
import { checkMediaRequest, MediaError, shapeOf } from './media-request.ts';
import type { MediaOutput, MediaRequest } from './media-request.ts';
import { xmpPacket } from './media-xmp.ts';

/** A finished file. */
export interface MediaFile extends MediaOutput, FileShape {
  readonly bytes: number;
}

/** An output, its stream in the filter graph, and the file that it is written to until all outputs are complete. */
interface PendingOutput extends MediaOutput {
  readonly label: string;
  readonly part: string;
}

/**
 * Makes the files of a video from its raw frames while they arrive. The result is deterministic for a version of ffmpeg.
 * Every file contains its settings as JSON and IPTC's mark of generated media. Files appear at their paths only when all of
 * them are complete.
 *
 * @param frames RGB, 8 bits, `[frames, height, width, 3]`, in chunks of any length.
 * @throws MediaError when the request is invalid, or the number of frames is not the announced one.
 * @throws what `sign` throws.
 * @throws NoSpaceError when no space is left for ffmpeg's files.
 * @throws FfmpegError when ffmpeg is missing, fails or hangs.
 */
export async function muxMedia(
  frames: AsyncIterable<Uint8Array>,
  request: MediaRequest,
  signal?: AbortSignal,
): Promise<MediaFile[]> {
  checkMediaRequest(request);
  const { outputs } = request;
  await requireFfmpeg([
    ...outputs.map(({ format }) => ENCODERS[format]),
    ...(outputs.some(hasSound) ? [SOUND_ENCODER] : []),
  ]);
  const pending = outputs.map((output, index) => ({
    ...output,
    label: outputLabel(index),
    part: partOf(output.file),
  }));
  const spool = partOf(outputs[0]!.file);
  try {
    await encode(frames, request, pending, spool, signal);
    const packet = xmpPacket(request.settings);
    for (const { part, format } of pending) await embedXmp(part, format, packet);
    // Credentials vouch for the whole file, so they come last.
    for (const { part, format } of pending) {
      if (request.sign && format !== 'webm') await writeFile(part, await request.sign(await readFile(part)));
    }
    signal?.throwIfAborted();
    const files: MediaFile[] = [];
    for (const [index, { part }] of pending.entries()) {
      const output = outputs[index]!;
      const { size: bytes } = await stat(part);
      await rename(part, output.file);
      files.push({ ...output, ...shapeOf(request, output), bytes });
    }
    return files;
  } finally {
    await Promise.all([spool, ...pending.map(({ part }) => part)].map((file) => rm(file, { force: true })));
  }
}

const partOf = (file: string): string => join(dirname(file), `.${randomUUID()}.part`);

/**
 * Encodes the files that play forwards, and then, from a spool file of the frames, those that play forwards and backwards:
 * frames in reverse order would otherwise all have to be in memory.
 */
async function encode(
  frames: AsyncIterable<Uint8Array>,
  request: MediaRequest,
  outputs: readonly PendingOutput[],
  spool: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { threads = 2, silenceMs = 120_000 } = request;
  const boomerangs = outputs.filter(({ format, boomerang }) => format !== 'poster' && boomerang);
  const forward = outputs.filter((output) => !boomerangs.includes(output));
  const toFfmpeg = (output: PendingOutput) => ({
    label: output.label,
    file: output.part,
    options: encoderOptions(output, request),
    sound: hasSound(output),
  });
  const { width, height, frames: count, fps } = shapeOf(request, { format: 'mp4' });
  // Frames that play backwards, too, are encoded in a second run.
  const total = count + (boomerangs.length > 0 ? Math.max(1, 2 * (count - 1)) : 0);
  const reportFrom = (before: number) => (written: number) =>
    request.onWritten?.(Math.min(1, (before + written) / total));
  const converted = boomerangs.length > 0 ? '[spool]' : undefined;
  const about = { 'cinematica.frames': request.frames, 'cinematica.outputs': outputs.length };
  await inSpan('ffmpeg', about, () =>
    runFfmpeg(
      {
        width: request.width,
        height: request.height,
        fps: request.fps,
        pixelFormat: 'rgb24',
        threads,
        silenceMs,
        onWritten: reportFrom(0),
        frames: countFrames(frames, request),
        filters: forwardFilters(request, { outputs: forward, converted }),
        outputs: [
          ...forward.map(toFfmpeg),
          ...(converted === undefined
            ? []
            : [{ label: converted, file: spool, options: '-f rawvideo -pix_fmt yuv420p'.split(' '), sound: false }]),
        ],
      },
      signal,
    ),
  );
  if (boomerangs.length === 0) return;
  await inSpan('ffmpeg', { ...about, 'cinematica.boomerang': true }, () =>
    runFfmpeg(
      {
        width,
        height,
        fps,
        pixelFormat: 'yuv420p',
        threads,
        silenceMs,
        onWritten: reportFrom(count),
        frames: createBoomerangFrames(spool, count, (width * height * 3) / 2),
        filters: boomerangFilters(request, boomerangs),
        outputs: boomerangs.map(toFfmpeg),
      },
      signal,
    ),
  );
}

/** Checks the number of frames: ffmpeg would accept too few, and ignore too many. */
async function* countFrames(
  pieces: AsyncIterable<Uint8Array>,
  { width, height, frames }: MediaRequest,
): AsyncGenerator<Uint8Array, void, undefined> {
  const frame = width * height * 3;
  let bytes = 0;
  for await (const piece of pieces) {
    bytes += piece.length;
    if (bytes > frames * frame) throw new MediaError(`more frames arrived than the ${frames} that were announced`);
    yield piece;
  }
  if (bytes < frames * frame) {
    throw new MediaError(`${Math.floor(bytes / frame)} frames arrived, but ${frames} were announced`);
  }
}
