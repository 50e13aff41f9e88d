import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { startGuarded } from './guarded-process.ts';
import type { Exit, GuardedProcess } from './guarded-process.ts';
import { LaunchError } from './launch-error.ts';
import { logMessage } from './log-line.ts';

export interface Program {
  /** Shown in messages. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Its whole environment. */
  readonly env: NodeJS.ProcessEnv;
  /** Gets all output. It is emptied at every start of the program. */
  readonly logFile: string;
  /** The longest delay before a restart, as a multiple of `Supervision.backoffMs`. Default: 60. */
  readonly maxBackoff?: number;
  /** Resolves when the program is ready. Rejects only when the signal aborts. */
  ready(signal: AbortSignal): Promise<void>;
}

export interface Supervision {
  /** Prints a line for the user. */
  readonly say: (line: string) => void;
  /** The delay before the first restart. It doubles with each restart, up to `Program.maxBackoff` times this value. Milliseconds. */
  readonly backoffMs: number;
  /** Time for a program to stop before it is killed. Milliseconds. */
  readonly graceMs: number;
}

/** The default of {@link Program.maxBackoff}. */
const MAX_BACKOFF = 60;

/** The timing outside of tests. */
export const DEFAULT_TIMING = { backoffMs: 500, graceMs: 20_000 } as const;

/** A program that is restarted whenever it ends. */
export interface Supervised {
  /** Resolves when the program was ready for the first time. Rejects with a LaunchError when it ended before. */
  readonly started: Promise<unknown>;
  /** The id of its process. Null during the delay before a restart, and after its end. */
  readonly pid: number | null;
  /** Kills the program, which is then restarted. */
  restart(): void;
  /** Stops the program, and kills it after the grace period. Resolves when it has ended. */
  stop(): Promise<void>;
  /** Kills the program without a restart. */
  kill(): void;
}

export function supervise(program: Program, { say, backoffMs, graceMs }: Supervision): Supervised {
  const { promise: started, resolve, reject } = Promise.withResolvers<null>();
  const stopping = new AbortController();
  const isStopping = (): boolean => stopping.signal.aborted;
  let current: GuardedProcess | undefined;

  const runOnce = async (whenReady: () => void): Promise<{ how: string; readyAt: number | null }> => {
    const child = startGuarded(program.command, program.args, program.env);
    current = child;
    const lastLine = keepLog(child, program.logFile);
    const ended = new AbortController();
    const ready = program.ready(AbortSignal.any([ended.signal, stopping.signal])).then(
      () => {
        whenReady();
        return Date.now();
      },
      () => null,
    );
    const exit = await child.exited;
    current = undefined;
    ended.abort();
    return { how: endOf(exit, lastLine()), readyAt: await ready };
  };

  const loop = async (): Promise<void> => {
    const { maxBackoff = MAX_BACKOFF } = program;
    let pause = backoffMs;
    let wasReady = false;
    while (!isStopping()) {
      const again = wasReady;
      const { how, readyAt } = await runOnce(() => {
        if (again) say(`${program.name} is back.`);
        resolve(null);
      });
      wasReady ||= readyAt !== null;
      if (isStopping()) break;
      if (!wasReady) throw new LaunchError(`${program.name} could not start: ${how} (log: ${program.logFile})`);
      // The delay starts again after a long run, because this end is unrelated to earlier ones.
      if (readyAt !== null && Date.now() - readyAt > MAX_BACKOFF * backoffMs) pause = backoffMs;
      say(`${program.name} ended (${how}); restarting it in ${pause / 1000} s.`);
      await delay(pause, undefined, { signal: stopping.signal }).catch(() => undefined);
      pause = Math.min(2 * pause, maxBackoff * backoffMs);
    }
    reject(new LaunchError(`${program.name} was stopped before it was ready.`));
  };

  const finished = loop().catch(reject);
  // The promise may be unused when the program is stopped early.
  started.catch(() => undefined);

  return {
    started,
    get pid() {
      return current?.pid ?? null;
    },
    restart: () => current?.kill(),
    async stop() {
      stopping.abort();
      current?.stop();
      const timer = setTimeout(() => {
        say(`${program.name} takes too long to stop, so it is killed.`);
        current?.kill();
      }, graceMs);
      await finished;
      clearTimeout(timer);
    },
    kill() {
      stopping.abort();
      current?.kill();
    },
  };
}

/** Writes all output to the file. @returns a function that returns the last message */
export function keepLog(child: GuardedProcess, file: string): () => string {
  const log = createWriteStream(file);
  // A full disk must not end the launcher. The services report it.
  log.on('error', () => undefined);
  let last = '';
  for (const stream of child.output) {
    createInterface(stream).on('line', (line) => {
      log.write(`${line}\n`);
      last = logMessage(line) || last;
    });
  }
  void child.exited.then(() => log.end());
  return () => last;
}

/** Describes how a process ended. */
export function endOf({ code, signal }: Exit, lastLine: string): string {
  const how = signal ?? `status ${code ?? 'unknown'}`;
  return lastLine === '' ? how : `${how}: ${lastLine}`;
}
