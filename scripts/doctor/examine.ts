import { findNvidiaDevices } from '../gpu/nvidia-devices.ts';
import { chooseDevice } from '../gpu/set-up-gpu.ts';
import type { Section } from './finding.ts';
import { examineGpus } from './gpu.ts';
import { examineMachine } from './machine.ts';
import { examineModel } from './model.ts';
import type { DoctorOptions } from './options.ts';
import { examinePrograms } from './programs.ts';
import { showProofs } from './proofs.ts';
import { examineProviders } from './providers.ts';
import { examineSystem } from './system.ts';

/**
 * Looks at everything that a video needs. It changes nothing.
 *
 * @param root the project's folder
 */
export async function examine(root: string, options: DoctorOptions, env: NodeJS.ProcessEnv): Promise<Section[]> {
  const nvidia = await findNvidiaDevices({ path: env.PATH });
  const providers = examineProviders(root, nvidia, env);
  const onGpu = providers.then(({ findings }) =>
    findings.some(({ name, state }) => name === 'cuda' && state === 'good'),
  );
  const model = onGpu.then((uses) =>
    examineModel(options.model, uses ? chooseDevice(nvidia.devices, env).device : null),
  );
  const sections = await Promise.all([
    examineMachine([root, options.data]),
    examinePrograms(root, env),
    examineSystem(options.data, options.port),
    examineGpus(root, nvidia),
    providers,
    showProofs(root),
    model,
  ]);
  return sections.filter((section) => section !== null);
}
