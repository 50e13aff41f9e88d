import type { StageHandler } from '../worker/stage-handler.ts';
import type { StageModel } from './stage-model.ts';

/** Wraps a handler so that the model gives back unused memory after each task, whether it succeeded or not. */
export const trimAfterTasks = (model: Pick<StageModel, 'trim'>, handler: StageHandler): StageHandler => ({
  ...handler,
  run: (...args) => handler.run(...args).finally(() => model.trim()),
});
