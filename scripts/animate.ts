/** `npm run animate -- photo.jpg out.mp4 [options]`: photos become short videos. */
import { resolve } from 'node:path';
import { readArguments, USAGE } from './animate/arguments.ts';
import { createProgress } from './animate/progress.ts';
import type { Progress } from './animate/progress.ts';
import { onStopSignals } from './launch/stop-signals.ts';

const PROJECT = resolve(import.meta.dirname, '..');

/** Errors of the language, and errors without a class of their own. They are bugs, so they get a stack trace. */
const BUGS = new Set(['Error', 'TypeError', 'RangeError', 'ReferenceError', 'SyntaxError']);
/** Errors of the command's arguments. */
const USAGE_ERRORS = new Set(['UsageError', 'ExecutionProviderSettingError']);
/** Interval of the lines about a batch in a log, which may run for hours. Milliseconds. */
const BATCH_INTERVAL_MS = 30_000;

/** @returns the exit status */
async function main(show: (intervalMs?: number) => Progress, signal: AbortSignal): Promise<number> {
  const args = readArguments(process.argv.slice(2), process.env);
  if (!args) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  // What makes videos is loaded only when the arguments are right.
  if (args.work.case === 'one') {
    const { animateOne } = await import('./animate/animate-one.ts');
    await animateOne(args.work, args, PROJECT, show(), signal);
    return 0;
  }
  const { animateMany } = await import('./animate/batch/animate-many.ts');
  return (await animateMany(args.work, args, PROJECT, show(BATCH_INTERVAL_MS), signal)) ? 0 : 1;
}

let progress: Progress | undefined;
const stopped = new AbortController();
onStopSignals(
  () => {
    progress?.note('stopping; press Ctrl-C again to exit immediately');
    stopped.abort();
  },
  // The processes of a system that was started here end when this process does.
  () => process.exit(130),
);
const show = (intervalMs?: number): Progress =>
  (progress = createProgress(process.stderr, {
    results: process.stdout,
    ...(intervalMs === undefined ? {} : { intervalMs }),
  }));
try {
  process.exitCode = await main(show, stopped.signal);
  progress?.[Symbol.dispose]();
} catch (error) {
  progress?.[Symbol.dispose]();
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
