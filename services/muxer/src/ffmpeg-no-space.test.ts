import { existsSync } from 'node:fs';
import { NoSpaceError } from '@cinematica/pipeline';
import { expect, test } from 'vitest';
import { runFfmpeg } from './ffmpeg.ts';
import { encoderOptions } from './media-encoders.ts';
import { mediaFilters, outputLabel } from './media-filters.ts';
import type { MediaFormat, MediaRequest } from './media-request.ts';

/** A file that every write to fails with ENOSPC. Linux has it. */
const FULL_DEVICE = '/dev/full';

async function* frames({ width, height, frames: count }: MediaRequest) {
  for (let frame = 0; frame < count; frame++)
    yield await Promise.resolve(new Uint8Array(width * height * 3).fill(frame));
}

test.skipIf(!existsSync(FULL_DEVICE)).each<MediaFormat>(['mp4', 'webm', 'webp', 'poster'])(
  'a full device is reported as such, not as a failure of ffmpeg: %s',
  async (format) => {
    const outputs = [{ format, boomerang: false, file: FULL_DEVICE }];
    const request: MediaRequest = { width: 64, height: 64, frames: 4, fps: 7, settings: {}, outputs };
    const job = {
      width: 64,
      height: 64,
      fps: 7,
      threads: 1,
      silenceMs: 10_000,
      frames: frames(request),
      filters: mediaFilters(request),
      outputs: [{ label: outputLabel(0), file: FULL_DEVICE, options: encoderOptions(format, request) }],
    };
    await expect(runFfmpeg(job)).rejects.toThrow(NoSpaceError);
  },
);
