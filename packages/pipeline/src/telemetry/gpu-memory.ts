import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { GpuMemory } from './metrics.ts';

const QUERY = ['--query-gpu=index,memory.used,memory.total', '--format=csv,noheader,nounits'];
const MEBIBYTE = 2 ** 20;

/** What the driver's own tool says; null where there is none, or nothing that it can tell. */
export async function readGpuMemory(): Promise<GpuMemory[] | null> {
  try {
    const { stdout } = await promisify(execFile)('nvidia-smi', QUERY, { timeout: 5_000 });
    return parseGpuMemory(stdout);
  } catch {
    return null;
  }
}

/** @param text a line a GPU: its index, and the memory used and in all, in MiB. A MIG slice has `[N/A]`. */
export function parseGpuMemory(text: string): GpuMemory[] | null {
  const gpus = text.split('\n').flatMap((line) => {
    const [, gpu, used, total] = /^(\d+), (\d+), (\d+)\s*$/.exec(line) ?? [];
    return gpu === undefined ? [] : [{ gpu, used: Number(used) * MEBIBYTE, total: Number(total) * MEBIBYTE }];
  });
  return gpus.length > 0 ? gpus : null;
}
