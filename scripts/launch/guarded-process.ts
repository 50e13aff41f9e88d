import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';

/** The exit code or the signal that ended a process. The other one is null. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process that ends with this one and leaves no children behind. */
export interface GuardedProcess {
  readonly pid: number;
  /** Its stdout and stderr. */
  readonly output: readonly [Readable, Readable];
  /** Resolves when the process and all its children have ended. */
  readonly exited: Promise<Exit>;
  /** Sends SIGTERM to the process, but not to its children, which it stops itself. */
  readonly stop: () => void;
  /** Kills the process and its children. */
  readonly kill: () => void;
}

/** The program could not be started. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

/**
 * Starts a watcher in the same process group and then executes the program. The watcher reads a pipe that the launcher keeps
 * open and never writes to, so the read ends when the launcher does, even by `kill -9`. Then the watcher sends SIGTERM to the
 * program, and SIGKILL to the whole group 10 seconds later. The watcher belongs to the group, so its id can't be reused.
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
 * Starts a program in a new process group, so that a terminal's Ctrl-C does not reach it.
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
  // When the program ends first, the error of the pipe must not end the launcher.
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
    // After the output, because the last line often contains the reason.
    child.once('close', () => resolve(exit));
    child.once('error', () => resolve(exit));
  });
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has already ended.
  }
}
