import { readFileSync } from 'node:fs';

/**
 * Resident bytes of this process, now and at most. On Linux from `/proc`, as `getrusage` there starts a process with the
 * peak of the one that spawned it.
 */
export function memoryUsage(): { rss: number; peakRss: number } {
  if (process.platform !== 'linux') {
    return { rss: process.memoryUsage.rss(), peakRss: process.resourceUsage().maxRSS * 1024 };
  }
  const status = readFileSync('/proc/self/status', 'utf8');
  const bytes = (field: string): number =>
    Number(new RegExp(`^${field}:\\s*(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) * 1024;
  return { rss: bytes('VmRSS'), peakRss: bytes('VmHWM') };
}
