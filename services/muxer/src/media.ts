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

/** A file that was made. */
export interface MediaFile extends MediaOutput {
  readonly bytes: number;
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  readonly fps: number;
}

/**
 * Makes a video's files from its raw frames while these arrive. The same frames and request give the same bytes with the
 * same ffmpeg. Every file carries its settings as JSON and IPTC's mark of generated media, and appears at its place only
 * when it is whole; when one fails, none does.
 *
 * @param frames RGB, 8 bits, `[frames, height, width, 3]`, in pieces of any length.
 * @throws MediaError for a request that can't be, or frames that are not as many as announced
 * @throws FfmpegError where ffmpeg is missing, fails or hangs
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
          ...{ width, height, fps, threads, silenceMs },
          frames: countFrames(frames, request),
          filters: mediaFilters(request),
          outputs: outputs.map(({ label, part, output }) => ({
            ...{ label, file: part },
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

/** ffmpeg would make a shorter video of too few bytes, and say nothing of too many. */
async function* countFrames(
  pieces: AsyncIterable<Uint8Array>,
  { width, height, frames }: MediaRequest,
): AsyncGenerator<Uint8Array, void, undefined> {
  const frame = width * height * 3;
  let bytes = 0;
  for await (const piece of pieces) {
    bytes += piece.length;
    if (bytes > frames * frame) throw new MediaError(`more than the ${frames} frames came that were announced`);
    yield piece;
  }
  if (bytes < frames * frame) {
    throw new MediaError(`${Math.floor(bytes / frame)} frames came, but ${frames} were announced`);
  }
}
