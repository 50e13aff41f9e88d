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
    const worker = new Worker(new URL('./worker.ts', import.meta.url), {
      // Pictures lie outside of the heap; a small heap makes the garbage collector free them early.
      resourceLimits: { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 64 },
    });
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
      fail(new Error('the finisher was closed'));
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}
