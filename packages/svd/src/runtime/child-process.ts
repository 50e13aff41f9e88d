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

/** How much of the child's output an error may contain, in characters. */
const MAX_OUTPUT = 4096;

/** A child process that runs ONNX Runtime. */
export interface ChildProcess {
  readonly pid: number;
  readonly alive: boolean;
  /**
   * Sends a request. The caller must wait for the reply before it sends the next one.
   *
   * @param description of the request for error messages, such as `run graph "unet"`
   * @throws {RuntimeCrashedError} when the process ends before it has replied
   */
  send(request: Frame<Request>, description: string): Promise<Frame<Reply>>;
  /** Kills the process. A pending `send` rejects. */
  kill(): void;
  /** Asks the process to release its sessions and end; kills it after `graceMs`. Resolves when the process has ended. */
  end(graceMs: number): Promise<void>;
}

type ExitStatus = Pick<Crash, 'exitCode' | 'signal'>;

const crashError = (exit: ExitStatus, request: string, peakRss: number, output: string): RuntimeCrashedError =>
  new RuntimeCrashedError({ ...exit, request, peakRss, output: output.trim() });

interface PendingRequest {
  readonly description: string;
  readonly resolve: (reply: Frame<Reply>) => void;
  readonly reject: (error: RuntimeCrashedError) => void;
}

/** Starts a child process. `env` is added to the environment of this process. */
export function spawnChildProcess(env: Readonly<Record<string, string>>): ChildProcess {
  const child = spawn(process.execPath, [fileURLToPath(new URL('./child.ts', import.meta.url))], {
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    // ONNX Runtime sends statistics about models and sessions to Microsoft, from version 1.29 on also on Linux and macOS.
    env: { ...process.env, ...env, ORT_DISABLE_TELEMETRY: '1' },
  });
  // The missing process id, or the end of the process, reports the error below.
  child.on('error', () => undefined);
  const cause = 'the limit of processes or file descriptors is reached, or the node binary is missing';
  if (child.pid === undefined) throw crashError({ exitCode: null, signal: null }, 'start', 0, cause);
  const frames = child.stdio[FRAMES_FD];
  if (!(frames instanceof Duplex)) throw new TypeError('the child process has no stream for frames');

  let pending: PendingRequest | null = null;
  let output = '';
  let peakRss = 0;
  let ended: ExitStatus | null = null;

  const appendOutput = (chunk: Buffer): void => {
    output = (output + stripVTControlCharacters(chunk.toString())).slice(-MAX_OUTPUT);
  };
  child.stdout.on('data', appendOutput);
  child.stderr.on('data', appendOutput);

  frames.on(
    'data',
    createFrameReader<Reply>((reply) => {
      peakRss = reply.message.usage.peakRss;
      const answered = pending;
      pending = null;
      answered?.resolve(reply);
    }, UNLIMITED),
  );
  // Writing to a process that has just ended fails. Its exit status is reported instead.
  frames.on('error', () => undefined);
  child.stdin.on('error', () => undefined);

  const closed = new Promise<void>((resolve) => {
    child.on('close', (exitCode, signal) => {
      ended = { exitCode, signal };
      if (pending) pending.reject(crashError(ended, pending.description, peakRss, output));
      pending = null;
      resolve();
    });
  });

  return {
    pid: child.pid,
    get alive() {
      return ended === null;
    },
    send: (request, description) =>
      new Promise((resolve, reject) => {
        if (ended) {
          reject(crashError(ended, description, peakRss, output));
          return;
        }
        output = '';
        pending = { description, resolve, reject };
        writeFrame(frames, request);
      }),
    kill: () => void child.kill('SIGKILL'),
    async end(graceMs) {
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
      frames.end();
      await closed;
      clearTimeout(timer);
    },
  };
}
