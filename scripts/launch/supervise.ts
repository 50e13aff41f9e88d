import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { startGuarded } from './guarded-process.ts';
import type { Exit, GuardedProcess } from './guarded-process.ts';
import { LaunchError } from './launch-error.ts';
import { logMessage } from './log-line.ts';

export interface Program {
  /** As the user reads it. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Its whole environment. */
  readonly env: NodeJS.ProcessEnv;
  /** Gets all its output, from an empty file on. */
  readonly logFile: string;
  /** The longest pause before a restart, as a multiple of `Supervision.backoffMs`. Default: 60. */
  readonly maxBackoff?: number;
  /** Resolves once it does its work; tries until the signal, and rejects then, and only then. */
  ready(signal: AbortSignal): Promise<void>;
}

export interface Supervision {
  /** Tells the user a line. */
  readonly say: (line: string) => void;
  /** The first pause before a restart; it doubles with each, up to `Program.maxBackoff` times itself. Milliseconds. */
  readonly backoffMs: number;
  /** How long a program that is asked to stop may take. Milliseconds. */
  readonly graceMs: number;
}

/** The default of {@link Program.maxBackoff}. */
const MAX_BACKOFF = 60;

/** As people want it; tests don't wait that long. */
export const PACE = { backoffMs: 500, graceMs: 20_000 } as const;

/** A program that is started again whenever it ends. */
export interface Supervised {
  /** Resolves when it was ready for the first time; rejects with a LaunchError where it ended before that. */
  readonly started: Promise<unknown>;
  /** The id of its process. Null during the pause before a restart, and after its end. */
  readonly pid: number | null;
  /** Ends it at once; it is then started again as after any other end. */
  restart(): void;
  /** Asks it to stop, and ends it when it takes too long. Resolves when it is gone. */
  stop(): Promise<void>;
  /** Ends it at once, for good. */
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
      // One that worked for a while starts from the beginning: its end has nothing to do with the ones before.
      if (readyAt !== null && Date.now() - readyAt > MAX_BACKOFF * backoffMs) pause = backoffMs;
      say(`${program.name} ended (${how}); it is started again in ${pause / 1000} s.`);
      await delay(pause, undefined, { signal: stopping.signal }).catch(() => undefined);
      pause = Math.min(2 * pause, maxBackoff * backoffMs);
    }
    reject(new LaunchError(`${program.name} was stopped before it was ready.`));
  };

  const finished = loop().catch(reject);
  // Whoever stops before looking at it is not told.
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
        say(`${program.name} takes too long to stop: it is ended.`);
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

/** Writes all its output to the file. @returns what gives the last thing it said */
export function keepLog(child: GuardedProcess, file: string): () => string {
  const log = createWriteStream(file);
  // A full disk must not end the launcher: the services have worse to say about it.
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

/** How it ended, in words. */
export function endOf({ code, signal }: Exit, lastLine: string): string {
  const how = signal ?? `status ${code ?? 'unknown'}`;
  return lastLine === '' ? how : `${how}: ${lastLine}`;
}
