/** Sanitizes the files in its arguments one after the other, and prints their outcomes and the growth of memory as JSON. */
import { readFileSync } from 'node:fs';
import { PhotoError } from './photo-error.ts';
import { createPhotoSanitizer } from './photo-sanitizer.ts';

/** The resident memory of a process in bytes; 0 when it has ended. */
function residentBytes(pid: number): number {
  try {
    return Number(/^VmRSS:\s*(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

// Memory is measured, not time: a busy machine may need longer than production's limit for the largest photos.
await using sanitizer = createPhotoSanitizer({ limits: { timeoutMs: 120_000 } });
await sanitizer.ready();
const memory = () => {
  const child = sanitizer.pids.reduce((sum, pid) => sum + residentBytes(pid), 0);
  return { own: process.memoryUsage.rss(), child };
};
const resting = memory();
const peak = { own: 0, child: 0, together: 0 };
const watch = setInterval(() => {
  const { own, child } = memory();
  peak.own = Math.max(peak.own, own - resting.own);
  peak.child = Math.max(peak.child, child - resting.child);
  peak.together = Math.max(peak.together, own - resting.own + child - resting.child);
}, 2);

const outcomes: string[] = [];
for (const file of process.argv.slice(2)) {
  outcomes.push(
    await sanitizer.sanitize(readFileSync(file)).then(
      ({ width, height }) => `${width}×${height}`,
      (error: unknown) => {
        if (error instanceof PhotoError) return error.reason;
        throw error;
      },
    ),
  );
}
clearInterval(watch);
const megabytes = (bytes: number): number => Math.round(bytes / 1e6);
const [grown, childGrown, together] = [peak.own, peak.child, peak.together].map(megabytes);
process.stdout.write(JSON.stringify({ outcomes, grown, childGrown, together }));
