import { expect, test } from 'vitest';
import { createProgressLine } from './progress-line.ts';

function screen(isTTY: boolean): { lines: string[]; write: (text: string) => void; isTTY: boolean; columns: number } {
  const lines: string[] = [];
  return { lines, write: (text) => void lines.push(text), isTTY, columns: 80 };
}

test('on a terminal, one line shows percentage, size, speed and remaining time', () => {
  const tty = screen(true);
  const line = createProgressLine(tty);
  line.update('unet', 0, 4e9, 0);
  line.update('unet', 1e6, 4e9, 100); // too early to show
  line.update('unet', 20e6, 4e9, 1000);
  line.note('unet: trying again');
  line.update('unet', 1e9, 4e9, 51_000);
  line.update('unet', 1.01e9, 4e9, 52_000); // samples older than 15 s are ignored
  line.update('unet', 0, 4e9, 53_000); // starts again: no negative speed
  line.update('unet', 4e9, 4e9, 53_001);
  line.end();
  expect(tty.lines).toEqual([
    '  0 %  0 kB of 4.00 GB  unet',
    '\r\x1b[K',
    '  0 %  20.0 MB of 4.00 GB  20.0 MB/s  4 min left  unet',
    '\r\x1b[K',
    'unet: trying again\n',
    ' 25 %  1.00 GB of 4.00 GB  19.6 MB/s  3 min left  unet',
    '\r\x1b[K',
    ' 25 %  1.01 GB of 4.00 GB  10.0 MB/s  5 min left  unet',
    '\r\x1b[K',
    '  0 %  0 kB of 4.00 GB  unet',
    '\r\x1b[K',
    '100 %  4.00 GB of 4.00 GB  unet',
    '\n',
  ]);
});

test('a line is truncated to the width of the terminal', () => {
  const tty = { ...screen(true), columns: 30 };
  createProgressLine(tty).update('x'.repeat(100), 1, 2, 0);
  expect(tty.lines.join('')).toHaveLength(29);
});

test('in a log, there is a line every 30 seconds and a last one', () => {
  const log = screen(false);
  const line = createProgressLine(log);
  for (let t = 0; t <= 70; t++) line.update('vae', t * 1e6, 70e6, t * 1000);
  line.end();
  expect(log.lines).toEqual([
    '  0 %  0 kB of 70.0 MB  vae\n',
    ' 42 %  30.0 MB of 70.0 MB  1.0 MB/s  40 s left  vae\n',
    ' 85 %  60.0 MB of 70.0 MB  1.0 MB/s  10 s left  vae\n',
    '100 %  70.0 MB of 70.0 MB  vae\n',
  ]);
});
