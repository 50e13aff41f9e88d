import { durationMs } from '@bufbuild/protobuf/wkt';
import { MediaKind } from '@cinematica/protocol/v1';
import { relative } from 'node:path';
import type { Arguments, OnePhoto } from './arguments.ts';
import { checkOutput } from './check-output.ts';
import { makeVideo, openSession } from './make-video.ts';
import type { MadeFile } from './make-video.ts';
import { openSystem } from './open-system.ts';
import { createPhotoReader } from './photo.ts';
import { duration } from './progress.ts';
import type { Progress } from './progress.ts';
import { describeApiError } from './system-error.ts';

/** A video that takes longer is announced with its time, which stays visible. */
const LONG_SECONDS = 60;

/** Makes the video of one photo, and prints its files. */
export async function animateOne(
  { photo: path, stem }: OnePhoto,
  args: Arguments,
  project: string,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const started = performance.now();
  const files = args.outputs.map(({ kind, ending }) => ({ kind, path: `${stem}${ending}` }));
  for (const file of files) await checkOutput(file.path, path);
  await using photos = createPhotoReader();
  const upload = await photos.read(path, signal);
  let result;
  try {
    await using system = await openSystem(args.system, project, progress, signal);
    const session = await openSession(system, args, signal);
    const job = { upload, settings: args.settings, files, waitsForRoom: false };
    const report = {
      show: progress.show.bind(progress),
      note: progress.note.bind(progress),
      created: progress.note.bind(progress),
      expected: (seconds: number) => {
        if (seconds >= LONG_SECONDS) progress.note(`this will take about ${duration(seconds)} on this system`);
      },
    };
    result = await makeVideo(session, job, report, signal);
  } catch (error) {
    throw describeApiError(error, path);
  }
  const took = Math.round((performance.now() - started) / 1000);
  const [first = '', ...others] = result.files.map((file) => describeFile(file, result.frameRate));
  for (const line of [`${first}, in ${took} s`, ...others]) progress.result(line);
}

/** Describes a file in one line: its path, size and length. @param frameRate null for a single frame */
export function describeFile(
  { path, media: { kind, width, height, sizeBytes, duration } }: MadeFile,
  frameRate: number | null,
): string {
  const seconds = duration ? durationMs(duration) / 1000 : 0;
  // An animated WebP has fewer frames than the other files.
  const hasRate = frameRate !== null && kind !== MediaKind.WEBP;
  const rate = !hasRate ? '' : `, ${Math.round(seconds * frameRate)} frames at ${frameRate} fps`;
  const time = duration ? `${rate}, ${seconds.toFixed(1)} s` : '';
  const size = `${Math.ceil(Number(sizeBytes) / 1000)} kB`;
  return `${relative(process.cwd(), path) || path}: ${width}x${height}${time}, ${size}`;
}
