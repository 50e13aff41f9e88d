import { parentPort } from 'node:worker_threads';
import { tasks } from './tasks.ts';

export type TaskName = keyof typeof tasks;

/** One call of a task, by its name. */
export interface Call {
  readonly name: TaskName;
  readonly args: readonly unknown[];
}

parentPort?.on('message', ({ name, args }: Call) => {
  const run = tasks[name] as (...args: readonly unknown[]) => unknown;
  const result = run(...args);
  parentPort?.postMessage(result, result instanceof Uint8Array ? [result.buffer as ArrayBuffer] : []);
});
