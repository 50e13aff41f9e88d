/** `npm run animate -- photo.jpg out.mp4 [options]`: a photo becomes a short video. */
import { relative, resolve } from 'node:path';
import { requireFfmpeg } from '../services/muxer/src/ffmpeg.ts';
import { readArguments, USAGE } from './animate/arguments.ts';
import { checkOutput } from './animate/check-output.ts';
import { findModel } from './animate/find-model.ts';
import { makeVideo, STAGES } from './animate/make-video.ts';
import { createProgress } from './animate/progress.ts';

const PROJECT = resolve(import.meta.dirname, '..');

/** Errors of the language itself, and those of nobody: not the user's doing. */
const BUGS = new Set(['Error', 'TypeError', 'RangeError', 'ReferenceError', 'SyntaxError']);
/** Errors of what was asked for, rather than of what was found. */
const ASKED_WRONG = new Set([
  'UsageError',
  'SizeError',
  'SettingsError',
  'MediaError',
  'ExecutionProviderSettingError',
]);

async function main(signal: AbortSignal): Promise<void> {
  const started = performance.now();
  const args = readArguments(process.argv.slice(2));
  if (!args) {
    process.stdout.write(`${USAGE}\n`);
    return;
  }
  const model = findModel(args.model, PROJECT);
  await checkOutput(args.output, args.photo);
  await requireFfmpeg([]);
  using progress = createProgress(process.stderr, STAGES);
  const file = await makeVideo(args, model, progress, signal);
  const { width, height, frames, fps, bytes } = file;
  const took = Math.round((performance.now() - started) / 1000);
  const what = `${width}x${height}, ${frames} frames at ${fps} fps, ${Math.ceil(bytes / 1000)} kB, in ${took} s`;
  process.stdout.write(`${relative(process.cwd(), file.file) || file.file}: ${what}\n`);
}

const stopped = new AbortController();
for (const [name, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.once(name, () => {
    process.exitCode = code;
    stopped.abort();
  });
}
try {
  await main(stopped.signal);
} catch (error) {
  if (stopped.signal.aborted) {
    process.stderr.write('stopped\n');
  } else if (error instanceof Error && (!BUGS.has(error.name) || 'syscall' in error)) {
    const wrong = ASKED_WRONG.has(error.name);
    process.stderr.write(`animate: ${error.message}${wrong ? ' (--help shows the options)' : ''}\n`);
    process.exitCode = wrong ? 2 : 1;
  } else {
    throw error;
  }
}
