import { once } from 'node:events';
import { dirname } from 'node:path';
import { keepUsed } from '../setup/build-once.mjs';
import { say } from '../setup/say.mjs';
import { announce } from './announcement.ts';
import { lanInvitation } from './lan.ts';
import { LaunchError } from './launch-error.ts';
import { createLauncher } from './launcher.ts';
import type { Options } from './options.ts';
import type { System } from './service.ts';
import { onStopSignals } from './stop-signals.ts';
import { DEFAULT_TIMING } from './supervise.ts';

/**
 * Runs a system until SIGINT or SIGTERM, which stop it gracefully. A second signal kills all processes.
 *
 * @returns the exit status
 */
export async function runLauncher(system: System, options: Options, env: NodeJS.ProcessEnv): Promise<number> {
  const { PROGRAMS, WEB_HANDLER } = env;
  const builds = [PROGRAMS, WEB_HANDLER === undefined ? undefined : dirname(WEB_HANDLER)];
  keepUsed(builds.filter((folder) => folder !== undefined));
  const launcher = createLauncher(system, options, env, { say, ...DEFAULT_TIMING });
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => launcher.stop());
  const stopping = new AbortController();
  onStopSignals(
    () => {
      say('Stopping (press Ctrl-C again to kill all processes)');
      stopping.abort();
    },
    () => {
      launcher.kill();
      process.exit(130);
    },
  );

  try {
    const url = await launcher.start(stopping.signal);
    cleanup.use(await announce(options.data, `http://127.0.0.1:${options.port}`));
    process.stdout.write(`Cinemática is ready: ${url} (Ctrl-C stops it)\n`);
    if (launcher.prometheusUrl !== undefined) process.stdout.write(`Prometheus: ${launcher.prometheusUrl}\n`);
    if (options.otlp !== undefined) process.stdout.write(`Traces are sent to ${options.otlp}\n`);
    if (options.lan) process.stdout.write(`\n${lanInvitation(url, process.stdout.isTTY)}`);
    if (!stopping.signal.aborted) await once(stopping.signal, 'abort');
    return 0;
  } catch (error) {
    if (stopping.signal.aborted) return 0;
    if (!(error instanceof LaunchError) && !isSystemError(error)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
}

/** An error of the operating system, such as a full disk. Its message is one line that names the file. */
function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}
