export { asRpcError, checkModel, explainFailures } from './errors.ts';
export { modelConfigSchema } from './model-config.ts';
export type { ModelConfig } from './model-config.ts';
export { openNamedCheckpoint } from './named-checkpoint.ts';
export type { NamedCheckpoint } from './named-checkpoint.ts';
export { openStageModel } from './stage-model.ts';
export type { StageModel } from './stage-model.ts';
export { trimAfterTasks } from './trim-after-tasks.ts';
