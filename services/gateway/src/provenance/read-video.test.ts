import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { MediaError } from './media-error.ts';
import { readVideo } from './read-video.ts';

/** A video whose index claims that it has so many pictures. */
async function withPictures(count: number): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'claimed-pictures-'));
  try {
    const file = join(folder, 'video.mov');
    const source = '-v error -f lavfi -i color=s=64x64:d=1:r=5 -c:v mjpeg'.split(' ');
    await promisify(execFile)('ffmpeg', [...source, file]);
    const video = await readFile(file);
    const write = (box: string, values: readonly number[]) => {
      // Behind the name are the version and the flags.
      const at = video.indexOf(box) + 8;
      values.forEach((value, index) => video.writeUInt32BE(value, at + 4 * index));
    };
    write('stts', [1, count, 1]);
    write('stsc', [1, 1, count, 1]);
    write('stsz', [1, count]);
    return video;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The most memory that a child of this process takes while `work` runs. MB. */
async function peakOfChildren(work: () => Promise<unknown>): Promise<number> {
  let peak = 0;
  const read = (path: string): string => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      // The process has ended.
      return '';
    }
  };
  const watch = setInterval(() => {
    const tasks = readdirSync(`/proc/${process.pid}/task`);
    const children = tasks.flatMap((task) => read(`/proc/${process.pid}/task/${task}/children`).split(' '));
    for (const child of children.filter(Boolean)) {
      const [, kib = '0'] = /^VmHWM:\s*(\d+) kB/m.exec(read(`/proc/${child}/status`)) ?? [];
      peak = Math.max(peak, (Number(kib) * 1024) / 1e6);
    }
  }, 5);
  await work().finally(() => clearInterval(watch));
  return peak;
}

// Other systems have no limit of memory for a process.
test.runIf(process.platform === 'linux')('a small video whose index needs gigabytes is refused at once', async () => {
  const bomb = await withPictures(80_000_000);
  const read = () => readVideo(bomb, 'mov', new AbortController().signal).next();
  let error: unknown;
  const peak = await peakOfChildren(() => read().catch((thrown: unknown) => (error = thrown)));
  expect(error).toBeInstanceOf(MediaError);
  expect((error as MediaError).message).toContain('damaged');
  expect(peak).toBeGreaterThan(0);
  expect(peak).toBeLessThan(900);
});
