import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '@cinematica/pipeline';

export interface Program {
  readonly name: string;
  /** The arguments of Node. */
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Answers with a success while its event loop runs. */
  readonly liveUrl: string;
}

export interface TogetherOptions {
  readonly programs: readonly Program[];
  readonly log: Pick<Log, 'info' | 'error'>;
  /** Asks all programs to end. */
  readonly stop: AbortSignal;
  /** How often the programs are looked at. Milliseconds. */
  readonly intervalMs: number;
  /** How long a program may take to answer for the first time, and to end. Milliseconds. */
  readonly startMs: number;
  readonly endMs: number;
}

/** How often in a row a program may not answer. */
const MAX_SILENT = 3;

/**
 * Runs programs that belong together: when one of them ends or does not answer any more, the others are ended, too, so that the
 * container is restarted as a whole.
 * @returns whether all of them ended because of `stop`.
 */
export async function runTogether(options: TogetherOptions): Promise<boolean> {
  const { programs, log, stop, endMs } = options;
  const over = new AbortController();
  const run = async (program: Program): Promise<boolean> => {
    const child = spawn(process.execPath, program.args, { env: program.env, stdio: 'inherit' });
    const gone = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
    const end = (): void => void endWithin(child, gone, endMs);
    const ending = AbortSignal.any([stop, over.signal]);
    ending.addEventListener('abort', end, { once: true });
    if (ending.aborted) end();
    watch(program, options, ending).catch((error: unknown) => {
      log.error(`${program.name} does not answer`, error);
      over.abort();
    });
    const [code, signal] = await gone;
    if (!ending.aborted) log.error(`${program.name} ended`, new Error(`status ${code ?? signal}`));
    return code === 0;
  };
  const clean = await Promise.all(
    programs.map(async (program) => {
      try {
        return await run(program);
      } catch (error) {
        log.error(`${program.name} cannot be started`, error);
        return false;
      } finally {
        over.abort();
      }
    }),
  );
  log.info('all programs have ended');
  return stop.aborted && clean.every(Boolean);
}

/** Asks a process to end, and kills it when it does not. */
async function endWithin(child: ChildProcess, gone: Promise<unknown>, milliseconds: number): Promise<void> {
  child.kill('SIGTERM');
  const timeout = new AbortController();
  const over = gone.catch(() => undefined);
  await Promise.race([over, delay(milliseconds, undefined, { signal: timeout.signal }).catch(() => undefined)]);
  timeout.abort();
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
}

/** Looks whether a program answers, until it is over. @throws Error when it does not. */
async function watch(
  { name, liveUrl }: Program,
  { intervalMs, startMs }: TogetherOptions,
  over: AbortSignal,
): Promise<void> {
  const deadline = Date.now() + startMs;
  let started = false;
  let silent = 0;
  for (;;) {
    await delay(intervalMs, undefined, { signal: over }).catch(() => undefined);
    if (over.aborted) return;
    const answers = await fetch(liveUrl, { signal: AbortSignal.timeout(5_000) }).then(
      ({ ok }) => ok,
      () => false,
    );
    started ||= answers;
    silent = answers || !started ? 0 : silent + 1;
    if (silent >= MAX_SILENT) throw new Error(`${liveUrl} did not answer ${silent} times in a row`);
    if (!started && Date.now() > deadline) throw new Error(`${name} did not start within ${startMs / 1000} s`);
  }
}
