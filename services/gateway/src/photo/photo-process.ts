import { spawn } from 'node:child_process';
import { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { createFrameReader, writeFrame } from '@cinematica/svd/framing';
import { PhotoProcessError } from './photo-error.ts';
import type { PhotoLimits } from './photo-limits.ts';
import { FRAMES_FD, frameLimits, MOST_REPLY_BYTES, replySchema } from './photo-messages.ts';
import type { Answer, Reply } from './photo-messages.ts';
import type { PhotoFormat } from './sniff-format.ts';

const OUTPUT_KEPT = 2048;

/** One child process that decodes photos, seen from the gateway. */
export interface PhotoProcess {
  readonly pid: number;
  readonly alive: boolean;
  /** Resolves when it can decode. @throws {@link PhotoProcessError} when it ends before */
  ready(): Promise<void>;
  /**
   * One at a time, once it is ready.
   *
   * @throws {@link PhotoProcessError} when it ends before it has answered, or answers nonsense
   */
  decode(bytes: Uint8Array, format: PhotoFormat): Promise<{ readonly answer: Answer; readonly jpeg: Uint8Array }>;
  /** Ends it now, whatever it is doing. */
  kill(): void;
  /** Resolves when it is gone. */
  readonly gone: Promise<void>;
}

interface Received {
  readonly reply: Reply;
  readonly bytes: Uint8Array;
}

/** Starts a child. */
export function spawnPhotoProcess(limits: PhotoLimits): PhotoProcess {
  const entry = fileURLToPath(new URL('./photo-child.ts', import.meta.url));
  const child = spawn(process.execPath, ['--max-old-space-size=64', entry, JSON.stringify(limits)], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    cwd: '/',
    // Nothing of ours: who breaks out of a decoder shall find no secret. One arena gives memory back between photos.
    env: { MALLOC_ARENA_MAX: '1', UV_THREADPOOL_SIZE: '1', VIPS_BLOCK_UNTRUSTED: '1' },
  });
  let failure = '';
  child.on('error', ({ message }) => (failure = message));
  if (child.pid === undefined) {
    throw new PhotoProcessError('no process can be started to decode photos: out of processes, memory or descriptors');
  }
  const frames = child.stdio[FRAMES_FD];
  if (!(frames instanceof Duplex)) throw new PhotoProcessError('the photo process has no stream for frames');

  let output = '';
  let ended: PhotoProcessError | null = null;
  let awaited = Promise.withResolvers<Received>();
  // Nobody may be waiting when it ends.
  awaited.promise.catch(() => undefined);

  const kill = (): void => void child.kill('SIGKILL');
  const keep = (chunk: Buffer): void => {
    output = (output + stripVTControlCharacters(chunk.toString())).slice(-OUTPUT_KEPT);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);

  const read = createFrameReader<unknown>(
    ({ message, blobs: [bytes = new Uint8Array()] }) => awaited.resolve({ reply: replySchema.parse(message), bytes }),
    frameLimits(MOST_REPLY_BYTES),
  );
  frames.on('data', (chunk: Buffer) => {
    try {
      read(chunk);
    } catch (error) {
      failure = `it answered nonsense: ${String(error)}`;
      frames.destroy();
      kill();
    }
  });
  // Writing to a child that has just died fails; its end says more.
  frames.on('error', () => undefined);

  const gone = new Promise<void>((resolve) => {
    child.on('close', (code, signal) => {
      const how = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
      const why = failure || output.trim().replace(/\s+/g, ' ');
      ended = new PhotoProcessError(`the process that decodes photos ${how}${why === '' ? '' : `: ${why}`}`);
      awaited.reject(ended);
      resolve();
    });
  });

  const started = awaited.promise;
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
      awaited = Promise.withResolvers();
      writeFrame(frames, { message: { format }, blobs: [bytes] });
      const { reply, bytes: jpeg } = await awaited.promise;
      if (reply.kind === 'ready') throw new PhotoProcessError('the process that decodes photos started twice');
      return { answer: reply, jpeg };
    },
    kill,
    gone,
  };
}
