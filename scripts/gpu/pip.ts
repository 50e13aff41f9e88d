import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { GpuError } from './gpu-error.ts';

const CANDIDATES = [['python3', '-m', 'pip'], ['pip3'], ['pip']] as const;

/** The command that starts pip. Null where there is no pip. */
export async function findPip(): Promise<readonly [string, ...string[]] | null> {
  for (const candidate of CANDIDATES) {
    const [program, ...args] = candidate;
    try {
      await promisify(execFile)(program, [...args, '--version'], { timeout: 20_000 });
      return candidate;
    } catch {
      continue;
    }
  }
  return null;
}

/**
 * Runs pip with the user's own settings: mirrors, proxies and certificates.
 *
 * @param tmp a folder for what it downloads; /tmp may be too small
 * @throws GpuError with pip's reason, and the reason of the signal when that aborts
 */
export async function runPip(
  pip: readonly [string, ...string[]],
  args: readonly string[],
  tmp: string,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const [program, ...first] = pip;
  const child = spawn(program, [...first, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    // These settings of the user would contradict --target.
    env: {
      ...process.env,
      TMPDIR: tmp,
      PIP_USER: '0',
      PIP_REQUIRE_VIRTUALENV: '0',
      PIP_DISABLE_PIP_VERSION_CHECK: '1',
    },
  });
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
  const stop = (): void => void child.kill();
  signal.addEventListener('abort', stop, { once: true });
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    signal.throwIfAborted();
    if (code !== 0) throw new GpuError(`pip failed (${lastError(output)}): check the network, and start again`);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** The last error that pip printed, in one line. */
function lastError(output: string): string {
  const lines = output.split('\n').map((line) => line.trim());
  const errors = lines.filter((line) => /^(ERROR|\w*Error):?/.test(line));
  const line = errors.at(-1) ?? lines.findLast((each) => each !== '') ?? 'without a message';
  return line.replace(/^ERROR: /, '').slice(0, 300);
}
