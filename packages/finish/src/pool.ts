import { Worker } from 'node:worker_threads';
import type { tasks } from './tasks.ts';
import type { Call, TaskName } from './worker.ts';

/** Threads that compute tasks in the order of their submission. */
export interface Pool extends AsyncDisposable {
  run<Name extends TaskName>(
    name: Name,
    ...args: Parameters<(typeof tasks)[Name]>
  ): Promise<ReturnType<(typeof tasks)[Name]>>;
}

interface Waiting {
  readonly call: Call;
  readonly resolve: (result: unknown) => void;
  readonly reject: (reason: unknown) => void;
}

export function createPool(threads: number): Pool {
  const queue: Waiting[] = [];
  const idle: Worker[] = [];
  const working = new Map<Worker, Waiting>();
  let failure: Error | null = null;

  const fail = (reason: Error): void => {
    failure ??= reason;
    for (const { reject } of [...working.values(), ...queue.splice(0)]) reject(failure);
    working.clear();
  };
  const next = (): void => {
    while (idle.length > 0 && queue.length > 0) {
      const [worker, waiting] = [idle.pop()!, queue.shift()!];
      working.set(worker, waiting);
      worker.postMessage(waiting.call);
    }
  };
  const workers = Array.from({ length: threads }, () => {
    const worker = parked.pop() ?? startWorker();
    worker.removeAllListeners();
    worker.ref();
    worker.on('message', (result: unknown) => {
      working.get(worker)?.resolve(result);
      working.delete(worker);
      idle.push(worker);
      next();
    });
    worker.on('error', (cause) => fail(new Error('a thread of the finisher failed', { cause })));
    worker.on('exit', () => fail(new Error('a thread of the finisher ended')));
    return worker;
  });
  idle.push(...workers);

  return {
    run: (name, ...args) =>
      new Promise((resolve, reject) => {
        if (failure) {
          reject(failure);
          return;
        }
        queue.push({ call: { name, args }, resolve: (result) => resolve(result as never), reject });
        next();
      }),
    async [Symbol.asyncDispose]() {
      const isSound = failure === null;
      const free = isSound ? new Set(idle) : new Set<Worker>();
      fail(new Error('the finisher was closed'));
      for (const worker of workers) worker.removeAllListeners();
      for (const worker of free) park(worker);
      const busy = workers.filter((worker) => !free.has(worker));
      await Promise.all(busy.map(end));
    },
  };
}

/** Threads that have nothing to do. The next video starts with them: loading and optimising their code takes up to a second. */
const parked: Worker[] = [];
/** More threads than these are ended with their video. */
const MAX_PARKED = 8;

function startWorker(): Worker {
  return new Worker(new URL('./worker.ts', import.meta.url), {
    // Pictures lie outside of the heap; a small heap makes the garbage collector free them early.
    resourceLimits: { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 64 },
  });
}

/** Ends a thread, and ignores an error that it runs into meanwhile. */
function end(worker: Worker): Promise<number> {
  worker.on('error', () => undefined);
  return worker.terminate();
}

/** Keeps a thread for the next video. It does not keep the process alive. */
function park(worker: Worker): void {
  if (parked.length >= MAX_PARKED) {
    void end(worker);
    return;
  }
  const remove = (): void => {
    const at = parked.indexOf(worker);
    if (at >= 0) parked.splice(at, 1);
  };
  worker.on('error', remove);
  worker.on('exit', remove);
  worker.unref();
  parked.push(worker);
}
