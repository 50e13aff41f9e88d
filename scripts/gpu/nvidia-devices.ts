import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { queryNvidiaDevices } from '@cinematica/svd';
import type { NvidiaDevice } from '@cinematica/svd';
import { findProgram } from '../setup/find-program.mjs';
import { OLDEST_DRIVER } from './cuda-requirements.ts';

/** The NVIDIA GPUs of this machine. */
export interface NvidiaDevices {
  readonly devices: readonly NvidiaDevice[];
  /** Why there are none although the machine has such a GPU, and what to do, in one line. Otherwise null. */
  readonly problem: string | null;
}

/** Where to look. */
export interface NvidiaSources {
  /** The folders with programs, separated as in PATH. */
  readonly path?: string | undefined;
  /** The folder of /proc, /sys and /usr. Default: `/`. */
  readonly system?: string;
  /** Default: that of `queryNvidiaDevices`. */
  readonly timeoutMs?: number;
}

/** The vendor and the class of devices in sysfs: NVIDIA, and display controllers. */
const NVIDIA = '0x10de';
const DISPLAY = '0x03';

/** Finds the GPUs with nvidia-smi, and asks the kernel's list of devices when it does not answer. */
export async function findNvidiaDevices(sources: NvidiaSources = {}): Promise<NvidiaDevices> {
  const { path = process.env.PATH ?? '', system = '/', timeoutMs } = sources;
  const program =
    findProgram('nvidia-smi', path) ?? findProgram('nvidia-smi', join(system, 'usr', 'lib', 'wsl', 'lib'));
  if (program === null) return { devices: [], problem: (await hasNvidiaHardware(system)) ? NO_DRIVER : null };
  try {
    return { devices: await queryNvidiaDevices(program, timeoutMs), problem: null };
  } catch (error) {
    // The tools of the driver may be installed on a machine that has no such GPU.
    if (!(await hasNvidiaHardware(system))) return { devices: [], problem: null };
    return { devices: [], problem: `nvidia-smi fails (${reason(error)}): ${REPAIR}` };
  }
}

const REPAIR = `restart the machine, or install NVIDIA’s driver ${OLDEST_DRIVER} or newer again`;
const NO_DRIVER =
  `This machine has an NVIDIA GPU, but no driver for it: install NVIDIA’s driver ${OLDEST_DRIVER} or newer ` +
  '(in a container: start it with --gpus all)';

async function hasNvidiaHardware(system: string): Promise<boolean> {
  const folder = join(system, 'sys', 'bus', 'pci', 'devices');
  const names = await readdir(folder).catch(() => []);
  const read = (name: string, file: string) => readFile(join(folder, name, file), 'utf8').catch(() => '');
  for (const name of names) {
    if ((await read(name, 'vendor')).trim() === NVIDIA && (await read(name, 'class')).startsWith(DISPLAY)) return true;
  }
  return false;
}

/** The first line that a failed nvidia-smi printed. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { stdout, stderr } = error as Partial<Record<'stdout' | 'stderr', string>>;
  const [line] = `${stdout ?? ''}\n${stderr ?? ''}`.split('\n').filter((text) => text.trim() !== '');
  return (line ?? error.message).trim().replace(/\.$/, '');
}
