import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findProgram } from '../setup/find-program.mjs';
import { OLDEST_DRIVER } from './cuda-requirements.ts';
import type { NvidiaDevice } from './nvidia-device.ts';

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
  /** Default: {@link TIMEOUT_MS}. */
  readonly timeoutMs?: number;
}

/** nvidia-smi starts the driver on GPUs at rest, which takes some seconds. Milliseconds. */
const TIMEOUT_MS = 20_000;

const FIELDS = ['uuid', 'name', 'driver_version', 'memory.total', 'memory.used', 'compute_cap'] as const;
const MIB = 2 ** 20;

/** The vendor and the class of devices in sysfs: NVIDIA, and display controllers. */
const NVIDIA = '0x10de';
const DISPLAY = '0x03';

/** Finds the GPUs with nvidia-smi, and asks the kernel's list of devices when it does not answer. */
export async function findNvidiaDevices(sources: NvidiaSources = {}): Promise<NvidiaDevices> {
  const { path = process.env.PATH ?? '', system = '/', timeoutMs = TIMEOUT_MS } = sources;
  const program =
    findProgram('nvidia-smi', path) ?? findProgram('nvidia-smi', join(system, 'usr', 'lib', 'wsl', 'lib'));
  if (program === null) return { devices: [], problem: (await hasNvidiaHardware(system)) ? NO_DRIVER : null };
  try {
    const devices = await query(program, FIELDS, timeoutMs).catch((error: unknown) => {
      // Only an old driver knows one field less.
      if (error instanceof NoAnswerError) throw error;
      return query(program, FIELDS.slice(0, -1), timeoutMs);
    });
    return { devices, problem: null };
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

async function query(program: string, fields: readonly string[], timeout: number): Promise<NvidiaDevice[]> {
  const args = [`--query-gpu=${fields.join(',')}`, '--format=csv,noheader,nounits'];
  const stdout = await run(program, args, timeout);
  const lines = stdout.split('\n').filter((line) => line.includes(','));
  return lines.map((line) => {
    const [uuid = '', name = '', driver = '', total = '', used = '', capability = ''] = line.split(/\s*,\s*/);
    return {
      uuid,
      name,
      driver,
      computeCapability: /^\d+\.\d+$/.test(capability.trim()) ? capability.trim() : null,
      memory: toBytes(total),
      memoryUsed: toBytes(used),
    };
  });
}

/** nvidia-smi did not end in time. */
class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';
}

/** @throws NoAnswerError in time also when the process cannot be killed, because it waits for a driver that hangs. */
async function run(program: string, args: readonly string[], timeout: number): Promise<string> {
  const answer = promisify(execFile)(program, args);
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(new NoAnswerError('it does not answer'));
    answer.child.kill('SIGKILL');
    answer.child.stdout?.destroy();
    answer.child.stderr?.destroy();
    answer.child.unref();
  }, timeout);
  try {
    return (await Promise.race([answer, late.promise])).stdout;
  } finally {
    clearTimeout(timer);
  }
}

/** @returns null for a text such as `[N/A]` */
function toBytes(mebibytes: string): number | null {
  const value = Number.parseFloat(mebibytes);
  return Number.isNaN(value) ? null : value * MIB;
}

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
