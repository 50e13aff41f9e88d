import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** The time of one part in diffusers. */
export interface DiffusersTime {
  readonly part: string;
  readonly seconds: number;
  /** Seconds of the first run, including compilation. */
  readonly first: number;
  /** Peak of the bytes allocated by torch. */
  readonly peak?: number;
}

const script = fileURLToPath(new URL('../../test/golden/make/bench_diffusers.py', import.meta.url));

/**
 * Runs bench_diffusers.py with these options and yields what it prints.
 *
 * @param env the variables of its process
 */
export async function* runDiffusers(
  python: string,
  checkpoint: string,
  options: Readonly<Record<string, string | number | true>>,
  env: NodeJS.ProcessEnv,
): AsyncGenerator<DiffusersTime, void> {
  const args = Object.entries(options).flatMap(([name, value]) =>
    value === true ? [`--${name}`] : [`--${name}`, String(value)],
  );
  const child = spawn(python, [script, checkpoint, ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  // It is awaited only after the last line.
  ended.catch(() => undefined);
  for await (const line of createInterface(child.stdout)) {
    if (line.startsWith('{')) yield JSON.parse(line) as DiffusersTime;
  }
  const code = await ended;
  if (code !== 0) throw new Error(`${python} ${script} ended with ${code}`);
}
