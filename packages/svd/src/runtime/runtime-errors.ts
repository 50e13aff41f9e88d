/** ONNX Runtime rejected a graph or its feeds. The runtime remains usable. */
export class GraphError extends Error {
  override readonly name = 'GraphError';
  readonly key: string;

  constructor(key: string, what: string, reason: string) {
    super(`graph "${key}" ${what}: ${reason}`);
    this.key = key;
  }
}

/** The runtime was closed before or during the call. */
export class RuntimeClosedError extends Error {
  override readonly name = 'RuntimeClosedError';

  constructor() {
    super('the runtime is closed');
  }
}

/** How a child process ended. */
export interface Crash {
  /** Null if a signal ended the process, or if it could not be started. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The request during which it ended, such as `run graph "unet"`. */
  readonly request: string;
  /** The peak resident memory that it reported, in bytes; 0 if it never replied. */
  readonly peakRss: number;
  /** The end of its output during the request. */
  readonly output: string;
}

/** The child process ended during a request. The next call starts a new one and loads the same graphs. */
export class RuntimeCrashedError extends Error {
  override readonly name = 'RuntimeCrashedError';
  readonly crash: Crash;

  constructor(crash: Crash) {
    super(`the ONNX Runtime process ${howItEnded(crash)} on the request to ${crash.request}${hint(crash)}`);
    this.crash = crash;
  }
}

function howItEnded({ exitCode, signal }: Crash): string {
  if (signal !== null) return `was killed by ${signal}`;
  return exitCode === null ? 'could not be started' : `ended with exit code ${exitCode}`;
}

function hint({ signal, peakRss, output }: Crash): string {
  if (signal !== 'SIGKILL') return output === '' ? '' : `: ${output.split('\n').slice(-3).join(' | ')}`;
  const peak = peakRss === 0 ? '' : ` (the process used up to ${(peakRss / 2 ** 30).toFixed(1)} GiB)`;
  return `; the system does that when memory runs out${peak}: use a smaller size or fewer frames, or provide more memory`;
}
