import { readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { createRuntime } from '@cinematica/svd';
import type { Runtime } from '@cinematica/svd';

/** What the stand-in of the device has counted since its process started. Memory in bytes. */
export interface DeviceCounts {
  /** Memory in use, and the most that was. */
  readonly used: number;
  readonly peak: number;
  /** Allocations of device memory. */
  readonly allocations: number;
  readonly launches: number;
  /** Launches with a grid, block or shared memory that an A100 refuses. */
  readonly badLaunches: number;
  readonly synchronisations: number;
  readonly copiesToDevice: number;
  readonly bytesToDevice: number;
  readonly copiesToHost: number;
  readonly bytesToHost: number;
}

/** A runtime whose CUDA provider computes on the stand-in of a GPU. */
export interface DryRun extends AsyncDisposable {
  readonly runtime: Runtime;
  /** The counts of the current child process at its last synchronisation. */
  counts(): Promise<DeviceCounts>;
}

export interface DryRunOptions {
  /** The folder of the stand-ins. */
  readonly libraries: string;
  /** Memory of the device, bytes. */
  readonly memory: number;
  /** Whether the device drops what is copied to it. A large model then needs little host memory. Default false. */
  readonly discard?: boolean;
}

/** The variables of a process whose CUDA provider computes on the stand-in. */
export const standInEnvironment = ({ libraries, memory, discard = false }: DryRunOptions): Record<string, string> => ({
  LD_LIBRARY_PATH: libraries,
  DRY_RUN_GPU_BYTES: String(memory),
  ...(discard && { DRY_RUN_GPU_DISCARD: '1' }),
});

/** Starts a runtime on the stand-in. A node without a kernel for the GPU is an error. */
export async function startDryRun(options: DryRunOptions): Promise<DryRun> {
  const folder = await mkdtemp(join(tmpdir(), 'cinematica-dry-run-'));
  const runtime = await createRuntime({
    provider: 'cuda',
    threads: 2,
    config: { 'session.disable_cpu_ep_fallback': '1' },
    env: { ...standInEnvironment(options), DRY_RUN_GPU_REPORT: join(folder, 'report') },
  });
  return {
    runtime,
    async counts() {
      const name = `report.${runtime.stats().pid}`;
      if (!(await readdir(folder)).includes(name)) throw new Error('the stand-in has reported nothing');
      return JSON.parse(await readFile(join(folder, name), 'utf8')) as DeviceCounts;
    },
    async [Symbol.asyncDispose]() {
      await runtime.close();
      await rm(folder, { recursive: true });
    },
  };
}
