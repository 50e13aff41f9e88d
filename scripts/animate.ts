/** `npm run animate -- photo.jpg out.mp4 [options]`: a photo becomes a short video. */
import { durationMs } from '@bufbuild/protobuf/wkt';
import { MediaKind } from '@cinematica/protocol/v1';
import { relative, resolve } from 'node:path';
import { readArguments, USAGE } from './animate/arguments.ts';
import { checkOutput } from './animate/check-output.ts';
import { makeVideo } from './animate/make-video.ts';
import type { MadeFile } from './animate/make-video.ts';
import { openSystem } from './animate/open-system.ts';
import { readPhoto } from './animate/photo.ts';
import { createProgress } from './animate/progress.ts';
import type { Progress } from './animate/progress.ts';
import { describeApiError } from './animate/system-error.ts';
import { onStopSignals } from './launch/stop-signals.ts';

const PROJECT = resolve(import.meta.dirname, '..');

/** Errors of the language, and errors without a class of their own. They are bugs, so they get a stack trace. */
const BUGS = new Set(['Error', 'TypeError', 'RangeError', 'ReferenceError', 'SyntaxError']);
/** Errors of the command's arguments. */
const USAGE_ERRORS = new Set(['UsageError', 'ExecutionProviderSettingError']);

async function main(progress: Progress, signal: AbortSignal): Promise<void> {
  const started = performance.now();
  const args = readArguments(process.argv.slice(2), process.env);
  if (!args) {
    process.stdout.write(`${USAGE}\n`);
    return;
  }
  for (const { path } of args.files) await checkOutput(path, args.photo);
  const photo = await readPhoto(args.photo, signal);
  let result;
  try {
    await using system = await openSystem(args.system, PROJECT, progress, signal);
    result = await makeVideo(args, photo, system, progress, signal);
  } catch (error) {
    throw describeApiError(error, args.photo);
  }
  progress[Symbol.dispose]();
  const took = Math.round((performance.now() - started) / 1000);
  const [first = '', ...others] = result.files.map((file) => describe(file, result.frameRate));
  process.stdout.write([`${first}, in ${took} s`, ...others, ''].join('\n'));
}

function describe(
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

using progress = createProgress(process.stderr);
const stopped = new AbortController();
onStopSignals(
  () => {
    progress.note('stopping; press Ctrl-C again to exit immediately');
    stopped.abort();
  },
  // The processes of a system that was started here end when this process does.
  () => process.exit(130),
);
try {
  await main(progress, stopped.signal);
} catch (error) {
  progress[Symbol.dispose]();
  if (stopped.signal.aborted) {
    process.stderr.write('stopped\n');
    process.exitCode = 130;
  } else if (error instanceof Error && (!BUGS.has(error.name) || 'syscall' in error)) {
    const isUsage = USAGE_ERRORS.has(error.name);
    process.stderr.write(`animate: ${error.message}${isUsage ? ' (--help shows the options)' : ''}\n`);
    process.exitCode = isUsage ? 2 : 1;
  } else {
    throw error;
  }
}
