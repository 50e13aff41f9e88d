import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A part that diffusers was timed at. */
export interface DiffusersTime {
  readonly part: string;
  readonly seconds: number;
  /** Of the first run, compilation included. */
  readonly first: number;
  /** Bytes that torch had allocated at most. */
  readonly peak?: number;
}

const script = fileURLToPath(new URL('../../test/golden/make/bench_diffusers.py', import.meta.url));

/** Runs bench_diffusers.py with these options and yields what it prints. */
export async function* runDiffusers(
  python: string,
  checkpoint: string,
  options: Readonly<Record<string, string | number | true>>,
): AsyncGenerator<DiffusersTime, void> {
  const args = Object.entries(options).flatMap(([name, value]) =>
    value === true ? [`--${name}`] : [`--${name}`, String(value)],
  );
  const child = spawn(python, [script, checkpoint, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  for await (const line of createInterface(child.stdout)) {
    if (line.startsWith('{')) yield JSON.parse(line) as DiffusersTime;
  }
  const code = await ended;
  if (code !== 0) throw new Error(`${python} ${script} ended with ${code}`);
}
