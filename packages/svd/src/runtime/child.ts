/**
 * The child process: ONNX Runtime and nothing else. It blocks on purpose, in reading as in computing; all that must be
 * able to answer lives in the parent.
 */
import { Worker } from 'node:worker_threads';
import { createSessions } from './child-sessions.ts';
import { readFrameSync, writeFrameSync } from '../framing/frame-sync.ts';
import { FRAMES_FD } from './protocol.ts';
import type { Reply, Request } from './protocol.ts';

new Worker(new URL('./child-lifeline.ts', import.meta.url));

// Ctrl-C goes to the whole terminal group; whether to finish the step first is the parent's choice.
process.on('SIGINT', () => undefined);

const sessions = await createSessions();
for (;;) {
  const frame = readFrameSync<Request>(FRAMES_FD);
  if (frame === null) break;
  writeFrameSync<Reply>(FRAMES_FD, await sessions.handle(frame));
}
await sessions.release();
process.exit(0);
