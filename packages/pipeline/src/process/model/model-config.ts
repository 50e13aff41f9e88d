import type { ProviderChoice } from '@cinematica/svd';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

const PROVIDERS = ['auto', 'cuda', 'tensorrt', 'webgpu', 'coreml', 'cpu'] satisfies ProviderChoice[];

/** The settings of a service that computes with a model, from the environment. */
export const modelConfigSchema = z.object({
  /** A folder in diffusers' layout, or a `.safetensors` file of SVD. */
  MODEL_DIR: z.string(),
  /** LoRAs that change the model: `FILE` or `FILE:STRENGTH`, separated by commas. Default: none. */
  LORA: z.string().default(''),
  /** The number of threads of the computing process. Another number changes the last bits of the results. */
  THREADS: z.coerce.number().int().min(1).max(256).default(availableParallelism()),
  EXECUTION_PROVIDER: z.enum(PROVIDERS).default('auto'),
  /**
   * What happens with a provider whose numbers differ from those of the CPU: `require` refuses it (with `auto`, another one
   * computes), `warn` uses it all the same.
   */
  PROVIDER_PROOF: z.enum(['require', 'warn']).default('require'),
  /** Where the findings about the providers on this machine's devices are kept, so that the next start does not need to look again. */
  CACHE_FOLDER: z.string().default(join(tmpdir(), 'cinematica')),
  /**
   * Memory of the GPU that the stages share, MiB. If a video of the model's own size needs more, this process computes in the
   * low-memory mode. Default: all that the GPU has.
   */
  GPU_MEMORY_MIB: z.coerce.number().int().min(1).optional(),
  /** The socket of the lock by which the processes of a machine take turns. Without it, this process does not wait. */
  COMPUTE_LOCK: z.string().optional(),
  /**
   * Memory that a process that computes on the CPU may keep from a task beyond what its loaded graphs need. MiB. Above it the
   * process is ended, so that the memory is free while there is nothing to do, and a small video after a large one needs
   * little. The next task starts it again, in 0.4 s for `models/nano`, which keeps 1.6 GiB after videos of its native size.
   */
  SPARE_MEMORY_MIB: z.coerce.number().int().min(0).max(1_000_000_000).default(2_048),
});

export type ModelConfig = z.output<typeof modelConfigSchema>;
