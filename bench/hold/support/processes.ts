import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

const statusOf = (pid: number, field: string): number => {
  const [, kib = '0'] =
    new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) / 1024;
};

/** Resident memory. MiB. */
export const residentMiB = (pid: number): number => statusOf(pid, 'VmRSS');

/** The most resident memory so far. MiB. */
export const peakMiB = (pid: number): number => statusOf(pid, 'VmHWM');

/** Open file descriptors. */
export const openFiles = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

/** Binds processes and all their threads to one core, so that a load generator on another core does not slow them down. */
export function pinToCore(pids: readonly number[], core: number): void {
  for (const pid of pids) execFileSync('taskset', ['-acp', String(core), String(pid)], { stdio: 'ignore' });
}

/** Binds this process to the last core and the given processes to the first one. @returns whether there are two cores. */
export function separateCores(servers: readonly number[]): boolean {
  const cores = availableParallelism();
  if (cores < 2) return false;
  pinToCore(servers, 0);
  pinToCore([process.pid], cores - 1);
  return true;
}

/** Lets this process use all cores again. */
export function useAllCores(): void {
  execFileSync('taskset', ['-acp', `0-${navigator.hardwareConcurrency - 1}`, String(process.pid)], { stdio: 'ignore' });
}
