import { spawn } from 'node:child_process';
import { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { createFrameReader, writeFrame } from '@cinematica/svd/framing';
import { lowerPriorityOfProcess } from '../give-way.ts';
import { PhotoProcessError } from './photo-error.ts';
import type { PhotoLimits } from './photo-limits.ts';
import { FRAMES_FD, frameLimits, MAX_REPLY_BYTES, replySchema } from './photo-messages.ts';
import type { Answer, Reply } from './photo-messages.ts';
import type { PhotoFormat } from './sniff-format.ts';

/** How much of the child's output is kept for the error message. UTF-16 code units. */
const MAX_OUTPUT_LENGTH = 2048;

/** A child process that decodes photos. */
export interface PhotoProcess {
  readonly pid: number;
  readonly alive: boolean;
  /** Resolves when the process can decode. @throws {@link PhotoProcessError} when it ends before that. */
  ready(): Promise<void>;
  /**
   * Decodes a photo. The process must be ready, and must not be decoding another photo.
   * @throws {@link PhotoProcessError} when the process ends before it replies, or its reply is invalid.
   */
  decode(bytes: Uint8Array, format: PhotoFormat): Promise<{ readonly answer: Answer; readonly jpeg: Uint8Array }>;
  /** Kills the process. */
  kill(): void;
  /** Resolves when the process has ended. */
  readonly gone: Promise<void>;
}

interface Received {
  readonly reply: Reply;
  readonly bytes: Uint8Array;
}

/** Starts a photo process. @throws {@link PhotoProcessError} when the system has no resources for it. */
export function spawnPhotoProcess(limits: PhotoLimits): PhotoProcess {
  const entry = fileURLToPath(new URL('./photo-child.ts', import.meta.url));
  const child = spawn(
    process.execPath,
    ['--max-old-space-size=64', '--max-semi-space-size=1', entry, JSON.stringify(limits)],
    {
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      cwd: '/',
      // The environment of the gateway contains secrets, which an attacker in the child must not see. With a single malloc
      // arena, memory is returned to the system between photos.
      env: { MALLOC_ARENA_MAX: '1', UV_THREADPOOL_SIZE: '1', VIPS_BLOCK_UNTRUSTED: '1' },
    },
  );
  let failure = '';
  child.on('error', ({ message }) => (failure = message));
  if (child.pid === undefined) {
    throw new PhotoProcessError('the photo process cannot be started: out of processes, memory or file descriptors');
  }
  lowerPriorityOfProcess(child.pid);
  const frames = child.stdio[FRAMES_FD];
  if (!(frames instanceof Duplex)) throw new PhotoProcessError('the photo process has no stream for frames');

  let output = '';
  let ended: PhotoProcessError | null = null;
  let reply = Promise.withResolvers<Received>();
  // The process may end when no reply is awaited.
  reply.promise.catch(() => undefined);

  const kill = (): void => void child.kill('SIGKILL');
  const collect = (chunk: Buffer): void => {
    output = (output + stripVTControlCharacters(chunk.toString())).slice(-MAX_OUTPUT_LENGTH);
  };
  child.stdout?.on('data', collect);
  child.stderr?.on('data', collect);

  const read = createFrameReader<unknown>(
    ({ message, blobs: [bytes = new Uint8Array()] }) => reply.resolve({ reply: replySchema.parse(message), bytes }),
    frameLimits(MAX_REPLY_BYTES),
  );
  frames.on('data', (chunk: Buffer) => {
    try {
      read(chunk);
    } catch (error) {
      failure = `its reply is invalid: ${String(error)}`;
      frames.destroy();
      kill();
    }
  });
  // A write to a child that has just ended fails. The `close` event reports the reason.
  frames.on('error', () => undefined);

  const gone = new Promise<void>((resolve) => {
    child.on('close', (code, signal) => {
      const how = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
      const why = failure || output.trim().replace(/\s+/g, ' ');
      ended = new PhotoProcessError(`the photo process ${how}${why === '' ? '' : `: ${why}`}`);
      reply.reject(ended);
      resolve();
    });
  });

  const started = reply.promise;
  return {
    pid: child.pid,
    get alive() {
      return ended === null;
    },
    async ready() {
      await started;
    },
    async decode(bytes, format) {
      if (ended) throw ended;
      reply = Promise.withResolvers();
      writeFrame(frames, { message: { format }, blobs: [bytes] });
      const { reply: answer, bytes: jpeg } = await reply.promise;
      if (answer.kind === 'ready') throw new PhotoProcessError('the photo process reported its start twice');
      return { answer, jpeg };
    },
    kill,
    gone,
  };
}
