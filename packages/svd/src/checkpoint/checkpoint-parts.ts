import type { z } from 'zod';
import type { ClipNormalization } from '../image/clip-normalization.ts';
import type { Weights } from '../safetensors/weights.ts';
import type { SchedulerConfig } from '../schedulers/scheduler-config.ts';
import type { ClipConfig } from './clip-config.ts';
import type { unetConfigSchema } from './unet-config.ts';
import type { VaeConfig } from './vae-config.ts';

/** The content of a config file. */
export interface ConfigContent {
  /** Its path in diffusers' layout, such as `unet/config.json`. */
  readonly name: string;
  readonly content: Buffer;
}

/** The components of a checkpoint, whatever the layout of its files. Tensors have diffusers' and transformers' names. */
export interface CheckpointParts {
  readonly unet: { readonly config: z.output<typeof unetConfigSchema>; readonly weights: Weights };
  readonly vae: { readonly config: VaeConfig; readonly weights: Weights };
  readonly imageEncoder: { readonly config: ClipConfig; readonly weights: Weights };
  readonly scheduler: SchedulerConfig;
  readonly preprocessor: ClipNormalization;
  /** The configs that the digest covers. */
  readonly configs: readonly ConfigContent[];
  /** What the user should know, one line each. */
  readonly warnings: readonly string[];
}
