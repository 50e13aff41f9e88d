export { asRpcError, checkModel, explainFailures } from './errors.ts';
export { modelConfigSchema } from './model-config.ts';
export type { ModelConfig } from './model-config.ts';
export { openNamedCheckpoint } from './model-ref.ts';
export type { NamedCheckpoint } from './model-ref.ts';
export { openStageModel } from './stage-model.ts';
export type { StageModel } from './stage-model.ts';
