import { onGpu, parseLoras } from '@cinematica/svd';
import type { NvidiaDevice } from '@cinematica/svd';
import { GpuError } from '../gpu/gpu-error.ts';
import { findNvidiaDevices } from '../gpu/nvidia-devices.ts';
import { chooseDevice } from '../gpu/set-up-gpu.ts';
import { isInUse } from '../launch/data-folder.ts';
import type { Section } from './finding.ts';
import { examineGpus } from './gpu.ts';
import { examineMachine } from './machine.ts';
import { examineModel } from './model.ts';
import type { DoctorOptions } from './options.ts';
import { examinePrograms } from './programs.ts';
import { examineProviders } from './providers.ts';
import { examineSystem } from './system.ts';

/**
 * Looks at everything that a video needs. It changes nothing.
 *
 * @param root the project's folder
 */
export async function examine(root: string, options: DoctorOptions, env: NodeJS.ProcessEnv): Promise<Section[]> {
  const loras = options.loras ?? parseLoras(env.LORA ?? '');
  const nvidia = await findNvidiaDevices({ path: env.PATH });
  const usable = usableDevice(nvidia.devices, env);
  const providers = examineProviders(root, nvidia, usable?.env ?? null, options.provider, env);
  const model = providers.then(async ({ provider }) => {
    const chosen = provider !== null && onGpu(provider) ? (usable?.device ?? null) : null;
    // How much of the memory belongs to the system that runs here is not known.
    const device = chosen && (await isInUse(options.data)) ? { ...chosen, memoryUsed: null } : chosen;
    return examineModel(options.model, loras, { provider: provider ?? 'cpu', device });
  });
  return Promise.all([
    examineMachine([root, options.data]),
    examinePrograms(root, env),
    examineSystem(options.data, options.port),
    examineGpus(root, nvidia),
    providers.then(({ section }) => section),
    model,
  ]);
}

/** @returns null for a GPU that nvidia-smi does not list, such as a part of one */
function usableDevice(devices: readonly NvidiaDevice[], env: NodeJS.ProcessEnv) {
  try {
    return chooseDevice(devices, env);
  } catch (error) {
    if (!(error instanceof GpuError)) throw error;
    return null;
  }
}
