import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What a made-up nvidia-smi reports of a GPU, in its own words and units. */
export interface MadeUpDevice {
  readonly uuid?: string;
  readonly name?: string;
  readonly driver?: string;
  /** MiB. */
  readonly memory?: string;
  readonly capability?: string;
}

/**
 * Writes a program named nvidia-smi.
 *
 * @param folder is created if it is missing
 */
export async function writeNvidiaSmi(folder: string, devices: readonly MadeUpDevice[]): Promise<void> {
  const lines = devices.map(
    ({ uuid = 'GPU-1', name = 'NVIDIA L4', driver = '580.95.05', memory = '23034', capability = '8.9' }) =>
      [uuid, name, driver, memory, '12', capability].join(', '),
  );
  // Only what every shell has built in, because PATH may be empty.
  await writeProgram(folder, 'nvidia-smi', lines.map((line) => `echo '${line}'`).join('\n'));
}

/** Writes a shell script. */
export async function writeProgram(folder: string, name: string, script: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, name), `#!/bin/sh\n${script}\n`);
  await chmod(join(folder, name), 0o755);
}
