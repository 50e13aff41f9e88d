import { once } from 'node:events';
import { lanInvitation } from './lan.ts';
import { LaunchError } from './launch-error.ts';
import { createLauncher } from './launcher.ts';
import type { Options } from './options.ts';
import type { System } from './service.ts';

/** Pressed once, Ctrl-C may arrive more than once: from the terminal and from npm. Milliseconds. */
const SAME_SIGNAL_MS = 300;

/**
 * Runs a system until Ctrl-C or SIGTERM, which stop it in order; a second one ends everything at once.
 *
 * @returns the status to exit with
 */
export async function runLauncher(system: System, options: Options, env: NodeJS.ProcessEnv): Promise<number> {
  // A closed terminal is a reason to stop (SIGHUP), not to crash.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  const say = (line: string): void => void process.stderr.write(`› ${line}\n`);
  const launcher = createLauncher(system, options, env, { say, backoffMs: 500, graceMs: 20_000 });

  const stopping = new AbortController();
  let first: number | undefined;
  const onSignal = (): void => {
    if (first === undefined) {
      first = Date.now();
      say('Stopping (again to end it at once)');
      stopping.abort();
    } else if (Date.now() - first > SAME_SIGNAL_MS) {
      launcher.kill();
      process.exit(130);
    }
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);

  try {
    const url = await launcher.start(stopping.signal);
    process.stdout.write(`Cinemática is ready: ${url} (Ctrl-C stops it)\n`);
    if (options.lan) process.stdout.write(`\n${lanInvitation(url, process.stdout.isTTY)}`);
    if (!stopping.signal.aborted) await once(stopping.signal, 'abort');
    return 0;
  } catch (error) {
    if (stopping.signal.aborted) return 0;
    if (!(error instanceof LaunchError) && !isSystemError(error)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  } finally {
    await launcher.stop();
  }
}

/** A full disk, a file that may not be read: the system's own words name it in one line. */
function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}
