import type { ProviderChoice } from '@cinematica/svd';
import { availableParallelism } from 'node:os';
import { z } from 'zod';

const PROVIDERS = ['auto', 'cuda', 'tensorrt', 'webgpu', 'coreml', 'cpu'] satisfies ProviderChoice[];

/** The settings of a service that computes with a model, from the environment. */
export const modelConfigSchema = z.object({
  /** The folder of a checkpoint, in the layout of diffusers. */
  MODEL_DIR: z.string(),
  /** The number of threads of the computing process. Another number changes the last bits of the results. */
  THREADS: z.coerce.number().int().min(1).max(256).default(availableParallelism()),
  EXECUTION_PROVIDER: z.enum(PROVIDERS).default('auto'),
  /** The socket of the lock by which the processes of a machine take turns. Without it, this process does not wait. */
  COMPUTE_LOCK: z.string().optional(),
  /**
   * Memory that the computing process may keep from a task beyond what its loaded graphs need. MiB. Above it the process is
   * started anew: the memory is free while the process is idle, and a small video after a large one needs little. The
   * default spares small and middle sizes the time to load the graphs again, which a large one does not notice.
   */
  SPARE_MEMORY_MIB: z.coerce.number().int().min(0).max(1_000_000_000).default(2_048),
});

export type ModelConfig = z.output<typeof modelConfigSchema>;
