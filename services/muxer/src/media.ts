import { inSpan } from '@cinematica/pipeline';
import { randomUUID } from 'node:crypto';
import { rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { requireFfmpeg, runFfmpeg } from './ffmpeg.ts';
import { embedXmp } from './media-embed-xmp.ts';
import { ENCODERS, encoderOptions } from './media-encoders.ts';
import { mediaFilters, outputLabel } from './media-filters.ts';
import { checkMediaRequest, evenSize, fileFps, fileFrames, MediaError } from './media-request.ts';
import type { MediaOutput, MediaRequest } from './media-request.ts';
import { xmpPacket } from './media-xmp.ts';

/** A finished file. */
export interface MediaFile extends MediaOutput {
  readonly bytes: number;
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  readonly fps: number;
}

/**
 * Makes the files of a video from its raw frames while they arrive. The result is deterministic for a version of ffmpeg.
 * Every file contains its settings as JSON and IPTC's mark of generated media. Files appear at their paths only when all of
 * them are complete.
 *
 * @param frames RGB, 8 bits, `[frames, height, width, 3]`, in chunks of any length.
 * @throws MediaError when the request is invalid, or the number of frames is not the announced one.
 * @throws NoSpaceError when no space is left for ffmpeg's files.
 * @throws FfmpegError when ffmpeg is missing, fails or hangs.
 */
export async function muxMedia(
  frames: AsyncIterable<Uint8Array>,
  request: MediaRequest,
  signal?: AbortSignal,
): Promise<MediaFile[]> {
  checkMediaRequest(request);
  const { width, height, fps, threads = 2, silenceMs = 120_000 } = request;
  await requireFfmpeg(request.outputs.map(({ format }) => ENCODERS[format]));
  const outputs = request.outputs.map((output, index) => ({
    output,
    label: outputLabel(index),
    part: join(dirname(output.file), `.${randomUUID()}.part`),
  }));
  try {
    const about = { 'cinematica.frames': request.frames, 'cinematica.outputs': outputs.length };
    await inSpan('ffmpeg', about, () =>
      runFfmpeg(
        {
          width,
          height,
          fps,
          threads,
          silenceMs,
          frames: countFrames(frames, request),
          filters: mediaFilters(request),
          outputs: outputs.map(({ label, part, output }) => ({
            label,
            file: part,
            options: encoderOptions(output.format, request),
          })),
        },
        signal,
      ),
    );
    const packet = xmpPacket(request.settings);
    for (const { part, output } of outputs) await embedXmp(part, output.format, packet);
    signal?.throwIfAborted();
    const files: MediaFile[] = [];
    for (const { part, output } of outputs) {
      const { size: bytes } = await stat(part);
      await rename(part, output.file);
      const size = { width: evenSize(width), height: evenSize(height) };
      files.push({ ...output, bytes, ...size, frames: fileFrames(request, output), fps: fileFps(request) });
    }
    return files;
  } finally {
    await Promise.all(outputs.map(({ part }) => rm(part, { force: true })));
  }
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
