import { readSync, writeSync } from 'node:fs';
import { frameParts, readParts, UNLIMITED } from './frame.ts';
import type { Frame } from './frame.ts';

/** Reads one frame from a blocking descriptor of a trusted process. Returns null when the other side has closed it. */
export function readFrameSync<Message>(fd: number): Frame<Message> | null {
  const parts = readParts<Message>(UNLIMITED);
  for (;;) {
    const step = parts.next();
    if (step.done) return step.value;
    const part = step.value;
    for (let filled = 0; filled < part.byteLength;) {
      const count = readSync(fd, part, filled, part.byteLength - filled, null);
      if (count === 0) return null;
      filled += count;
    }
  }
}

/** Writes one frame to a blocking descriptor. */
export function writeFrameSync<Message>(fd: number, frame: Frame<Message>): void {
  for (const part of frameParts(frame)) {
    for (let written = 0; written < part.byteLength;) written += writeSync(fd, part, written);
  }
}
