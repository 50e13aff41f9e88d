import { CheckpointError } from '../checkpoint/checkpoint-error.ts';

/** A LoRA file cannot be read, or does not fit the model. */
export class LoraError extends CheckpointError {}
