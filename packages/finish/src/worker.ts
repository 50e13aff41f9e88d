import { parentPort } from 'node:worker_threads';
import { tasks } from './tasks.ts';

export type TaskName = keyof typeof tasks;

/** One call of a task, by its name. */
export interface Call {
  readonly name: TaskName;
  readonly args: readonly unknown[];
}

type Task = (...args: readonly unknown[]) => unknown;

parentPort?.on('message', ({ name, args }: Call) => {
  const result = (tasks as Record<TaskName, Task>)[name](...args);
  parentPort?.postMessage(result, result instanceof Uint8Array ? [result.buffer as ArrayBuffer] : []);
});
