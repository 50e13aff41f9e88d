/**
 * The child process, which only runs ONNX Runtime. It may block while it reads and computes; everything that must stay
 * responsive runs in the parent.
 */
import { Worker } from 'node:worker_threads';
import { createSessions } from './child-sessions.ts';
import { readFrameSync, writeFrameSync } from '../framing/frame-sync.ts';
import { FRAMES_FD } from './protocol.ts';
import type { Reply, Request } from './protocol.ts';

new Worker(new URL('./watch-parent.ts', import.meta.url));

// A terminal sends Ctrl-C to the whole process group. The parent decides whether the child finishes its step first.
process.on('SIGINT', () => undefined);

const sessions = await createSessions();
for (;;) {
  const frame = readFrameSync<Request>(FRAMES_FD);
  if (frame === null) break;
  writeFrameSync<Reply>(FRAMES_FD, await sessions.handle(frame));
}
await sessions.release();
process.exit(0);
