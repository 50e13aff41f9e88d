import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';

/** How a process ended: one of the two is null. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process that does not outlive this one, and leaves no child of its own behind. */
export interface GuardedProcess {
  readonly pid: number;
  /** What it writes, to stdout and stderr. */
  readonly output: readonly [Readable, Readable];
  /** Resolves when it has ended, and all its children with it. */
  readonly exited: Promise<Exit>;
  /** Asks it to end (SIGTERM). Its children don't get the signal: how they end is up to it. */
  readonly stop: () => void;
  /** Ends it and its children at once. */
  readonly kill: () => void;
}

/** The program could not be started. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

/**
 * Becomes the program, with a watcher beside it in the same process group. The watcher reads a pipe that the launcher
 * holds open and never writes to: it ends when the launcher does, however that ends, `kill -9` included. Then the
 * watcher asks the program to stop, and 10 seconds later ends the whole group. Nobody else can get the group's number
 * meanwhile, as the watcher is in it. Nothing here needs the program's help.
 */
const GUARD = `
exec 3<&0
{
  read -r line
  kill -TERM $$
  tries=0
  while kill -0 $$ && [ $tries -lt 50 ]; do tries=$((tries + 1)); sleep 0.2; done
  kill -KILL -$$
} <&3 >/dev/null 2>&1 &
exec 3<&- </dev/null
exec "$@"
`;

/**
 * Starts a program in a process group of its own, so that a terminal's Ctrl-C does not reach it.
 *
 * @param env the whole environment
 * @throws StartError
 */
export function startGuarded(program: string, args: readonly string[], env: NodeJS.ProcessEnv): GuardedProcess {
  const child = spawn('/bin/sh', ['-c', GUARD, 'guard', program, ...args], {
    env,
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const pid = child.pid;
  if (pid === undefined) throw new StartError(`${program} can’t be started`);
  // A launcher that ends is what the pipe is for; a program that ends first must not end the launcher.
  child.stdin.on('error', () => undefined);
  return {
    pid,
    output: [child.stdout, child.stderr],
    exited: exited(child, pid),
    stop: () => void child.kill('SIGTERM'),
    kill: () => killGroup(pid),
  };
}

function exited(child: ChildProcess, pid: number): Promise<Exit> {
  return new Promise((resolve) => {
    let exit: Exit = { code: null, signal: 'SIGKILL' };
    child.once('exit', (code, signal) => {
      exit = { code, signal };
      killGroup(pid);
    });
    // After the output: the last line often says why.
    child.once('close', () => resolve(exit));
    child.once('error', () => resolve(exit));
  });
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}
