import { dirname } from 'node:path';
import { LoraError } from '../lora/lora-error.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { FasterQuality } from './model-card.ts';
import { faultOf, howToGet } from './offered-qualities.ts';
import { withoutFolders } from './without-folders.ts';

/** Says that the components of a quality do not fit, and takes away the quality if it needs them. */
export function withFault(checkpoint: Checkpoint, quality: FasterQuality, error: Error): Checkpoint {
  const { card, path, configs, warnings } = checkpoint;
  const fault = withoutFolders(error.message, path, dirname(path));
  const { [quality]: changes, ...qualities } = card.qualities ?? {};
  const needed = changes?.components ?? [];
  // Other components would not help against a LoRA that does not fit.
  const refusal =
    error instanceof LoraError ? faultOf('a LoRA does not fit them', '') : faultOf(fault, howToGet(quality, needed));
  const lacking = { ...card.lacking, [quality]: refusal };
  return {
    ...checkpoint,
    card: needed.length > 0 ? { ...card, qualities, lacking } : card,
    configs: configs.filter(({ name }) => !name.startsWith(`${quality}/`)),
    warnings: [...warnings, fault],
  };
}
