import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { GpuMemory } from './metrics.ts';

const QUERY = ['--query-gpu=index,memory.used,memory.total', '--format=csv,noheader,nounits'];
const MEBIBYTE = 2 ** 20;

/** Reads the memory of the GPUs with nvidia-smi. @returns null when there is no nvidia-smi or no reading. */
export async function readGpuMemory(): Promise<GpuMemory[] | null> {
  try {
    const { stdout } = await promisify(execFile)('nvidia-smi', QUERY, { timeout: 5_000 });
    return parseGpuMemory(stdout);
  } catch {
    return null;
  }
}

/** @param text one line per GPU: index, used and total memory in MiB. A MIG slice has `[N/A]` instead. */
export function parseGpuMemory(text: string): GpuMemory[] | null {
  const gpus = text.split('\n').flatMap((line) => {
    const [, gpu, used, total] = /^(\d+), (\d+), (\d+)\s*$/.exec(line) ?? [];
    return gpu === undefined ? [] : [{ gpu, used: Number(used) * MEBIBYTE, total: Number(total) * MEBIBYTE }];
  });
  return gpus.length > 0 ? gpus : null;
}
