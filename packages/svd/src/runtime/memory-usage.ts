import { readFileSync } from 'node:fs';

/**
 * The current and the peak resident memory of this process, and the current one without mapped files, in bytes. On Linux it reads `/proc`, because there `getrusage`
 * starts with the peak of the parent process.
 */
export function memoryUsage(): { rss: number; peakRss: number; anonymousRss: number } {
  if (process.platform !== 'linux') {
    const rss = process.memoryUsage.rss();
    return { rss, peakRss: process.resourceUsage().maxRSS * 1024, anonymousRss: rss };
  }
  const status = readFileSync('/proc/self/status', 'utf8');
  const bytes = (field: string): number =>
    Number(new RegExp(`^${field}:\\s*(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) * 1024;
  return { rss: bytes('VmRSS'), peakRss: bytes('VmHWM'), anonymousRss: bytes('RssAnon') };
}
