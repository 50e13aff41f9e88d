import type { ProviderChoice } from '@cinematica/svd';
import { availableParallelism } from 'node:os';
import { z } from 'zod';

const PROVIDERS = ['auto', 'cuda', 'tensorrt', 'webgpu', 'coreml', 'cpu'] satisfies ProviderChoice[];

/** What a service that computes with the model reads from the environment. */
export const modelConfigSchema = z.object({
  /** A checkpoint's folder, in diffusers' layout. */
  MODEL_DIR: z.string(),
  /** Of the computing process; another number gives other last bits. */
  THREADS: z.coerce.number().int().min(1).max(256).default(availableParallelism()),
  EXECUTION_PROVIDER: z.enum(PROVIDERS).default('auto'),
  /** Socket of the lock by which the processes of a machine take turns; not set, this one computes whenever it likes. */
  COMPUTE_LOCK: z.string().optional(),
});

export type ModelConfig = z.output<typeof modelConfigSchema>;
