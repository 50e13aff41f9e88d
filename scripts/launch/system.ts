import { ExecutionProviderSettingError, parseExecutionProvider } from '@cinematica/svd';
import { GpuError } from '../gpu/gpu-error.ts';
import { providerCache } from '../gpu/provider-cache.ts';
import { setUpGpu } from '../gpu/set-up-gpu.ts';
import { programPath } from '../setup/programs.mjs';
import { LaunchError } from './launch-error.ts';
import type { System } from './service.ts';

/** @param root the project's folder */
export function cinematica(root: string): System {
  const entry = (name: string): string => programPath(root, `services/${name}/src/main.ts`);
  return {
    provisioner: entry('provisioner'),
    services: [
      { name: 'gateway', kind: 'gateway', entry: entry('gateway') },
      { name: 'encoder', kind: 'stage', entry: entry('encoder') },
      { name: 'denoiser', kind: 'stage', entry: entry('denoiser') },
      { name: 'decoder', kind: 'stage', entry: entry('decoder') },
      { name: 'muxer', kind: 'stage', entry: entry('muxer') },
      { name: 'outbound', kind: 'outbound', entry: entry('outbound') },
    ],
  };
}

/**
 * A system whose services compute on this machine's NVIDIA GPU, if there is one and the user has not chosen another provider.
 * What this needs is installed before they start.
 *
 * @param root the project's folder
 * @param say prints a line for the user
 */
export function withGpu(system: System, root: string, say: (line: string) => void): System {
  return {
    ...system,
    async prepare(env, signal) {
      try {
        const { EXECUTION_PROVIDER, CACHE_FOLDER = providerCache(root) } = env;
        const provider = parseExecutionProvider(EXECUTION_PROVIDER);
        return { CACHE_FOLDER, ...(await setUpGpu({ root, provider, env, say, signal })) };
      } catch (error) {
        const isForUser = error instanceof GpuError || error instanceof ExecutionProviderSettingError;
        if (isForUser) throw new LaunchError(`${error.message}.`, { cause: error });
        throw error;
      }
    },
  };
}
