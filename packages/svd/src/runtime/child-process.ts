import { spawn } from 'node:child_process';
import { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { createFrameReader, UNLIMITED, writeFrame } from '../framing/frame.ts';
import type { Frame } from '../framing/frame.ts';
import { FRAMES_FD } from './protocol.ts';
import type { Reply, Request } from './protocol.ts';
import { RuntimeCrashedError } from './runtime-errors.ts';
import type { Crash } from './runtime-errors.ts';

const OUTPUT_KEPT = 4096;

/** One child process, seen from the parent. */
export interface ChildProcess {
  readonly pid: number;
  readonly alive: boolean;
  /**
   * One at a time; `doing` completes "asked to …".
   *
   * @throws {RuntimeCrashedError} when the process ends before it has answered
   */
  ask(request: Frame<Request>, doing: string): Promise<Frame<Reply>>;
  /** Ends it now, whatever it is doing; a pending `ask` rejects. */
  kill(): void;
  /** Lets it release its sessions and end, for at most `graceMs`; then kills it. Resolves when it is gone. */
  end(graceMs: number): Promise<void>;
}

type Ending = Pick<Crash, 'exitCode' | 'signal'>;

const crashError = (ending: Ending, doing: string, peakRss: number, output: string): RuntimeCrashedError =>
  new RuntimeCrashedError({ ...ending, doing, peakRss, output: output.trim() });

interface Pending {
  readonly doing: string;
  readonly resolve: (reply: Frame<Reply>) => void;
  readonly reject: (error: RuntimeCrashedError) => void;
}

/** Starts a child; `env` is added to this process's own environment. */
export function spawnChildProcess(env: Readonly<Record<string, string>>): ChildProcess {
  const child = spawn(process.execPath, [fileURLToPath(new URL('./child.ts', import.meta.url))], {
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  // Said again, and in better words, by the missing process id or by the end of the process.
  child.on('error', () => undefined);
  const nothing = 'no process, no file descriptors or no node binary to be had';
  if (child.pid === undefined) throw crashError({ exitCode: null, signal: null }, 'start', 0, nothing);
  const frames = child.stdio[FRAMES_FD];
  if (!(frames instanceof Duplex)) throw new TypeError('the child process has no stream for frames');

  let pending: Pending | null = null;
  let output = '';
  let peakRss = 0;
  let ended: Ending | null = null;

  const keep = (chunk: Buffer): void => {
    output = (output + stripVTControlCharacters(chunk.toString())).slice(-OUTPUT_KEPT);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);

  frames.on(
    'data',
    createFrameReader<Reply>((reply) => {
      peakRss = reply.message.usage.peakRss;
      const asked = pending;
      pending = null;
      asked?.resolve(reply);
    }, UNLIMITED),
  );
  // Writing to a child that has just died fails; its end says more.
  frames.on('error', () => undefined);
  child.stdin.on('error', () => undefined);

  const gone = new Promise<void>((resolve) => {
    child.on('close', (exitCode, signal) => {
      ended = { exitCode, signal };
      if (pending) pending.reject(crashError(ended, pending.doing, peakRss, output));
      pending = null;
      resolve();
    });
  });

  return {
    pid: child.pid,
    get alive() {
      return ended === null;
    },
    ask: (request, doing) =>
      new Promise((resolve, reject) => {
        if (ended) {
          reject(crashError(ended, doing, peakRss, output));
          return;
        }
        output = '';
        pending = { doing, resolve, reject };
        writeFrame(frames, request);
      }),
    kill: () => void child.kill('SIGKILL'),
    async end(graceMs) {
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
      frames.end();
      await gone;
      clearTimeout(timer);
    },
  };
}
