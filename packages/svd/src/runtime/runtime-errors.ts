/** ONNX Runtime refused a graph, or what it was fed; the runtime stays usable. */
export class GraphError extends Error {
  override readonly name = 'GraphError';
  readonly key: string;

  constructor(key: string, what: string, reason: string) {
    super(`graph "${key}" ${what}: ${reason}`);
    this.key = key;
  }
}

/** The runtime was closed before or while this was asked of it. */
export class RuntimeClosedError extends Error {
  override readonly name = 'RuntimeClosedError';

  constructor() {
    super('the runtime is closed');
  }
}

/** How a child process ended, and what is known of it. */
export interface Crash {
  /** Null where a signal ended it, or where it could not be started at all. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What it was asked to do, such as `run graph "unet"`. */
  readonly doing: string;
  /** The most bytes it was seen to hold; 0 if it never answered. */
  readonly peakRss: number;
  /** The end of what it printed during that request. */
  readonly output: string;
}

/** The child process ended in the middle of a request. The next call gets a fresh one with the same graphs. */
export class RuntimeCrashedError extends Error {
  override readonly name = 'RuntimeCrashedError';
  readonly crash: Crash;

  constructor(crash: Crash) {
    super(`the computing process ${howItEnded(crash)}, asked to ${crash.doing}${hint(crash)}`);
    this.crash = crash;
  }
}

function howItEnded({ exitCode, signal }: Crash): string {
  if (signal !== null) return `was ended by ${signal}`;
  return exitCode === null ? 'could not be started' : `ended with exit code ${exitCode}`;
}

function hint({ signal, peakRss, output }: Crash): string {
  if (signal !== 'SIGKILL') return output === '' ? '' : `: ${output.split('\n').slice(-3).join(' | ')}`;
  const held = peakRss === 0 ? '' : ` (it had held up to ${(peakRss / 2 ** 30).toFixed(1)} GiB)`;
  return `; the system does that when memory runs out${held}: try a smaller size or fewer frames, or give it more memory`;
}
