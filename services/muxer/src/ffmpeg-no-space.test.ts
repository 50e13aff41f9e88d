import { existsSync } from 'node:fs';
import { NoSpaceError } from '@cinematica/pipeline';
import type { FileFormat } from '@cinematica/settings';
import { expect, test } from 'vitest';
import { convertFiles, runFfmpeg, SILENT_INPUT } from './ffmpeg.ts';
import { encoderOptions, hasSound } from './media-encoders.ts';
import { forwardFilters, outputLabel } from './media-filters.ts';
import type { MediaRequest } from './media-request.ts';

/** A file that every write to fails with ENOSPC. Linux has it. */
const FULL_DEVICE = '/dev/full';

async function* frames({ width, height, frames: count }: MediaRequest) {
  for (let frame = 0; frame < count; frame++)
    yield await Promise.resolve(new Uint8Array(width * height * 3).fill(frame));
}

test.skipIf(!existsSync(FULL_DEVICE)).each<FileFormat>(['mp4', 'webm', 'webp', 'poster', 'card'])(
  'a full device is reported as such, not as a failure of ffmpeg: %s',
  async (format) => {
    const output = { format, file: FULL_DEVICE, label: outputLabel(0) };
    const request: MediaRequest = { width: 64, height: 64, frames: 4, fps: 7, settings: {}, outputs: [output] };
    const job = {
      width: 64,
      height: 64,
      fps: 7,
      pixelFormat: 'rgb24' as const,
      threads: 1,
      silenceMs: 10_000,
      frames: frames(request),
      filters: forwardFilters(request, { outputs: [output] }),
      outputs: [{ ...output, options: encoderOptions(output, request), sound: hasSound(output) }],
    };
    await expect(runFfmpeg(job)).rejects.toThrow(NoSpaceError);
  },
);

test.skipIf(!existsSync(FULL_DEVICE))('a conversion to a full device is reported as such', async () => {
  const job = { inputs: [SILENT_INPUT], file: FULL_DEVICE, options: '-t 1 -f wav'.split(' '), timeoutMs: 60_000 };
  await expect(convertFiles(job, new AbortController().signal)).rejects.toThrow(NoSpaceError);
});
