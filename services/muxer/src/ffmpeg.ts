// This is the only file that runs ffmpeg.
import type { ChildProcess } from 'node:child_process';
import { resolve } from 'node:path';
import { Readable } from 'node:stream';
import { NoSpaceError } from '@cinematica/pipeline';
import ffmpeg from 'fluent-ffmpeg';
import { createWatchdog } from './ffmpeg-watchdog.ts';
import type { Watchdog } from './ffmpeg-watchdog.ts';

/** A run of ffmpeg that encodes raw frames into files. */
export interface FfmpegJob {
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  /** RGB, 8 bits, or planar YCbCr with subsampled chroma. */
  readonly pixelFormat: 'rgb24' | 'yuv420p';
  /** In chunks of any length. */
  readonly frames: AsyncIterable<Uint8Array>;
  /** The filter graph, from `[0:v]` to the labels of the outputs. */
  readonly filters: string;
  readonly outputs: readonly FfmpegOutput[];
  /** The number of threads of the filters. */
  readonly threads: number;
  /** How long ffmpeg may read no frame and print nothing while it has work, milliseconds. */
  readonly silenceMs: number;
  /** Called with the number of frames that were written to the first output. */
  readonly onWritten?: ((frames: number) => void) | undefined;
}

/** A file of a run. */
export interface FfmpegOutput {
  /** The label of its stream in the filter graph. */
  readonly label: string;
  readonly file: string;
  readonly options: readonly string[];
  /** Whether it has a silent sound track. The options must limit its duration. */
  readonly sound: boolean;
}

/** ffmpeg is missing, or it failed. */
export class FfmpegError extends Error {
  override readonly name = 'FfmpegError';
  /** The last lines of its standard error. */
  readonly stderr: string;

  constructor(message: string, stderr: string, options?: ErrorOptions) {
    super(message, options);
    this.stderr = stderr;
  }
}

const MISSING =
  'ffmpeg was not found: install it (apt install ffmpeg, brew install ffmpeg) or set FFMPEG_PATH to its path';

/** An endless silent sound. */
const SILENCE = 'anullsrc=channel_layout=stereo:sample_rate=48000';

/** How the C library describes ENOSPC and EDQUOT. */
const NO_SPACE = /No space left on device|Disk quota exceeded/;

/** The number of frames in a line of `-stats`. */
const WRITTEN = /^frame=\s*(\d+)/;

/** ffmpeg 5 exits with 0 when the end of a file cannot be written. */
const UNFINISHED = /^Error (writing trailer of|closing file) /;

/** @throws FfmpegError with a one-line message when ffmpeg is missing or lacks one of the encoders. */
export async function requireFfmpeg(encoders: readonly string[]): Promise<void> {
  const available = await new Promise<object>((found, failed) =>
    ffmpeg().availableEncoders((error: Error | null, list: object) => {
      if (error) failed(new FfmpegError(MISSING, '', { cause: error }));
      else found(list);
    }),
  );
  const lacking = encoders.filter((name) => !Object.hasOwn(available, name));
  if (lacking.length > 0) throw new FfmpegError(`this ffmpeg was built without ${lacking.join(', ')}`, '');
}

/**
 * Runs ffmpeg. Its process has ended when the promise settles.
 * @throws the signal's reason when it was aborted; the error of `frames` when they fail.
 * @throws NoSpaceError when no space is left for its files.
 * @throws FfmpegError with the last lines of its standard error when ffmpeg failed or hung.
 */
export async function runFfmpeg(job: FfmpegJob, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  const run = createRun(signal);
  const silence = `ffmpeg made no progress for ${job.silenceMs / 1000} s and was killed`;
  const watchdog = createWatchdog(job.silenceMs, () => run.stop(new FfmpegError(silence, run.said.join('\n'))));
  // Frames are large, so only one chunk is buffered.
  const input = Readable.from(feed(job.frames, watchdog, run.stop), { highWaterMark: 1 });
  try {
    await run.toEnd(createCommand(job, input), (line) => {
      watchdog.signOfLife();
      const written = WRITTEN.exec(line)?.[1];
      if (written !== undefined) job.onWritten?.(Number(written));
    });
  } finally {
    watchdog.stop();
    input.destroy();
    await run.close();
  }
}

/** A run of ffmpeg that makes a file from other files. */
export interface FfmpegConversion {
  readonly inputs: readonly FfmpegInput[];
  readonly file: string;
  /** The options of the output. */
  readonly options: readonly string[];
  /** How long it may take. Milliseconds. */
  readonly timeoutMs: number;
}

/** A file that is read, and the options that stand before it. */
export interface FfmpegInput {
  readonly file: string;
  /** @default none */
  readonly options?: readonly string[];
}

/** An endless silent sound, as an input of a conversion. */
export const SILENT_INPUT: FfmpegInput = { file: SILENCE, options: ['-f', 'lavfi'] };

/**
 * Makes a file from other files of this machine.
 *
 * @throws as {@link runFfmpeg}
 */
export async function convertFiles(
  { inputs, file, options, timeoutMs }: FfmpegConversion,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const command = ffmpeg();
  for (const { file: input, options: before = [] } of inputs) {
    command.input(input).inputOptions('-protocol_whitelist', 'file', ...before);
  }
  command.outputOptions('-nostdin', '-hide_banner', '-loglevel', 'warning', ...options).output(resolve(file));
  const run = createRun(signal);
  const late = `ffmpeg did not finish within ${timeoutMs / 1000} s`;
  const limit = setTimeout(() => run.stop(new FfmpegError(late, run.said.join('\n'))), timeoutMs);
  try {
    await run.toEnd(command);
  } finally {
    clearTimeout(limit);
    await run.close();
  }
}

/** A process of ffmpeg, which can also be stopped before it exists: fluent-ffmpeg's `kill` does nothing then. */
interface Run {
  /** The last lines of its standard error. */
  readonly said: readonly string[];
  /** Kills it. @param reason what {@link toEnd} throws */
  readonly stop: (reason: unknown) => void;
  /**
   * Starts it, and waits for its end.
   * @throws the reason why it was stopped; NoSpaceError; FfmpegError when it failed or did not finish a file
   */
  toEnd(command: ffmpeg.FfmpegCommand, onLine?: (line: string) => void): Promise<void>;
  /** Kills it if it still runs. The process has ended when the promise settles. */
  close(): Promise<void>;
}

/** @param signal stops it */
function createRun(signal: AbortSignal | undefined): Run {
  const process: { child?: ChildProcess; gone?: Promise<void>; stopped?: { reason: unknown } } = {};
  const said: string[] = [];
  const stop = (reason: unknown): void => {
    process.stopped ??= { reason };
    process.child?.kill('SIGKILL');
  };
  const abort = (): void => stop(signal?.reason);
  signal?.addEventListener('abort', abort, { once: true });
  return {
    said,
    stop,
    async toEnd(command: ffmpeg.FfmpegCommand & { readonly ffmpegProc?: ChildProcess }, onLine) {
      try {
        await new Promise<void>((ended, failed) => {
          command
            .on('start', () => {
              const child = command.ffmpegProc;
              if (!child?.pid) return;
              process.child = child;
              process.gone = new Promise((gone) => child.once('close', () => gone()));
              if (process.stopped) child.kill('SIGKILL');
            })
            .on('stderr', (line: string) => {
              onLine?.(line);
              if (line.trim() !== '' && !line.startsWith('frame=')) said.splice(0, said.push(line) - 20);
            })
            .on('end', () => ended())
            .on('error', failed)
            .run();
        });
        if (said.some((line) => UNFINISHED.test(line))) throw new Error('ffmpeg did not finish a file');
      } catch (cause) {
        if (!process.stopped) throw describe(cause, said);
      }
      if (process.stopped) throw process.stopped.reason;
    },
    async close() {
      signal?.removeEventListener('abort', abort);
      process.child?.kill('SIGKILL');
      await process.gone;
    },
  };
}

function createCommand(job: FfmpegJob, input: Readable): ffmpeg.FfmpegCommand {
  const { width, height, fps, pixelFormat, threads } = job;
  // ffmpeg may read only the frames from its standard input.
  const raw = `-protocol_whitelist pipe -f rawvideo -pix_fmt ${pixelFormat} -video_size ${width}x${height} -framerate ${fps}`;
  const quiet = '-nostdin -hide_banner -loglevel warning -stats';
  const command = ffmpeg(input)
    .inputOptions(...quiet.split(' '), '-filter_complex_threads', String(threads), ...raw.split(' '))
    .complexFilter(job.filters);
  if (job.outputs.some(({ sound }) => sound)) command.input(SILENCE).inputFormat('lavfi');
  for (const { label, file, options, sound } of job.outputs) {
    // An absolute path cannot be mistaken for an option or a protocol. Separate arguments are not split at spaces.
    command.output(resolve(file)).outputOptions('-map', label, ...(sound ? ['-map', '1:a'] : []), ...options);
  }
  return command;
}

/** Pauses the watchdog while ffmpeg waits for frames, and reports the error of `frames` as the cause. */
async function* feed(
  frames: AsyncIterable<Uint8Array>,
  watchdog: Watchdog,
  stop: (reason: unknown) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for await (const piece of frames) {
      watchdog.watch();
      yield piece;
      watchdog.rest();
    }
    watchdog.watch();
  } catch (error) {
    stop(error);
    throw error;
  }
}

function describe(cause: unknown, said: readonly string[]): FfmpegError | NoSpaceError {
  const message = cause instanceof Error ? cause.message : String(cause);
  if (said.some((line) => NO_SPACE.test(line))) {
    return new NoSpaceError('no space left on device while ffmpeg wrote a file', { cause });
  }
  if (/cannot find ffmpeg|ENOENT/i.test(message)) return new FfmpegError(MISSING, '', { cause });
  const end = said.slice(-3).join(' | ');
  const [how = message] = message.split(':', 1);
  return new FfmpegError(end === '' ? message : `${how}: ${end}`, said.join('\n'), { cause });
}
