import { spawn } from 'node:child_process';
import { SetupError } from './say.mjs';

/** @typedef {{ code: number | null, signal: NodeJS.Signals | null }} Exit the exit code or the signal; the other one is null */
/** @typedef {{ cwd?: string, env?: NodeJS.ProcessEnv }} Options */

/**
 * Runs a command on this process's terminal and passes on the signals that this process receives.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {Options} options
 * @returns {Promise<Exit>}
 * @throws {SetupError} when the command can’t be started
 */
export function run(command, args, options) {
  const child = spawn(command, args, { ...options, stdio: 'inherit' });
  return ended(child, command);
}

/**
 * Runs a command and shows its output only when it fails.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {Options} [options]
 * @throws {SetupError} with the command's output when its exit status is not 0
 */
export async function runQuietly(command, args, options = {}) {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (/** @type {string} */ text) => (output += text));
  }
  const exit = await ended(child, command);
  if (exit.code === 0) return;
  const how = exit.signal === null ? `with status ${exit.code}` : `by ${exit.signal}`;
  throw new SetupError(`${output}“${[command, ...args].join(' ')}” ended ${how}.`);
}

/**
 * Ends this process with the same signal or exit status as another one.
 *
 * @param {Exit} exit
 */
export function endAs({ code, signal }) {
  if (signal !== null) process.kill(process.pid, signal);
  else process.exitCode = code ?? 1;
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @param {string} command
 * @returns {Promise<Exit>}
 */
function ended(child, command) {
  /** @type {NodeJS.SignalsListener} */
  const forward = (signal) => {
    // A terminal sends Ctrl-C to the child too. Passing it on would look like a second Ctrl-C.
    if (signal === 'SIGINT' && process.stdin.isTTY) return;
    child.kill(signal);
  };
  /** @type {NodeJS.Signals[]} */
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, forward);
  /** @type {Promise<Exit>} */
  const exit = new Promise((resolve, reject) => {
    child.once('error', (cause) => {
      reject(new SetupError(`“${command}” can’t be started: ${cause.message}`, { cause }));
    });
    child.once('close', (code, signal) => {
      resolve({ code, signal });
    });
  });
  return exit.finally(() => {
    for (const signal of signals) process.off(signal, forward);
  });
}
