import { dirname } from 'node:path';
import { LoraError } from '../lora/lora-error.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { FasterQuality } from './model-card.ts';
import { faultOf } from './offered-qualities.ts';

/** Says that the components of a quality do not fit, and takes away the quality if it needs them. */
export function withFault(checkpoint: Checkpoint, quality: FasterQuality, error: Error): Checkpoint {
  const { card, path, configs, warnings } = checkpoint;
  const fault = error.message.replaceAll(`${path}/`, '').replaceAll(`${dirname(path)}/`, '');
  const reason = error instanceof LoraError ? 'a LoRA does not fit them' : fault;
  const { [quality]: changes, ...qualities } = card.qualities ?? {};
  const isNeeded = changes?.components !== undefined && changes.components.length > 0;
  const lacking = { ...card.lacking, [quality]: faultOf(reason, '') };
  return {
    ...checkpoint,
    card: isNeeded ? { ...card, qualities, lacking } : card,
    configs: configs.filter(({ name }) => !name.startsWith(`${quality}/`)),
    warnings: [...warnings, fault],
  };
}
