import { onGpu, PCI_ORDER, visibleDevices } from '@cinematica/svd';
import type { NvidiaDevice, ProviderChoice } from '@cinematica/svd';
import {
  cudaLibraryPath,
  findCudaLibraries,
  inGigabytes,
  installCudaLibraries,
  megabytesOf,
} from './cuda-libraries.ts';
import { gibibytes, whyUnfit } from './cuda-requirements.ts';
import { GpuError } from './gpu-error.ts';
import { findNvidiaDevices } from './nvidia-devices.ts';

/** What {@link setUpGpu} needs to know. */
export interface GpuSetUp {
  /** The project's folder. */
  readonly root: string;
  /** The user's choice. */
  readonly provider: ProviderChoice;
  readonly env: NodeJS.ProcessEnv;
  /** Prints a line for the user. */
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Prepares this machine's NVIDIA GPU for ONNX Runtime: chooses the GPU, and installs the libraries that are missing. With
 * `auto`, the CPU computes when that is not possible, and a line says why.
 *
 * @returns variables for the processes that compute
 * @throws GpuError when the user chose CUDA or TensorRT and it is not possible; the reason of the signal when that aborts
 */
export async function setUpGpu(setUp: GpuSetUp): Promise<NodeJS.ProcessEnv> {
  const { provider, say, signal } = setUp;
  if (provider !== 'auto' && !onGpu(provider)) return {};
  try {
    return await prepare(setUp);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof GpuError)) throw error;
    if (provider !== 'auto') throw new GpuError(`${error.message} (or choose another --provider)`, { cause: error });
    say(`The CPU computes: ${error.message}.`);
    return {};
  }
}

async function prepare({ root, provider, env, say, signal }: GpuSetUp): Promise<NodeJS.ProcessEnv> {
  const { devices, problem } = await findNvidiaDevices({ path: env.PATH });
  if (problem !== null) throw new GpuError(problem);
  if (devices.length === 0 && provider === 'auto') return {};
  if (!hasCudaProvider()) throw new GpuError(NO_CUDA_PROVIDER);
  const choice = chooseDevice(devices, env);
  const { missing } = await findCudaLibraries(root);
  if (missing.length > 0) {
    say(`${describeDevice(choice.device)}: installing ONNX Runtime’s CUDA libraries into .cache/cuda with pip`);
    say(
      `${inGigabytes(megabytesOf(missing))} are downloaded, once. To compute without them, start with --provider cpu.`,
    );
    await installCudaLibraries(root, say, signal);
    say('The CUDA libraries are installed');
  }
  const LD_LIBRARY_PATH = await cudaLibraryPath(root, env.LD_LIBRARY_PATH);
  return { GPU_MEMORY_MIB: env.GPU_MEMORY_MIB ?? freeMemory(choice.device), ...choice.env, LD_LIBRARY_PATH };
}

/** What other programs leave of the GPU's memory, for the stages that share it. MiB. */
function freeMemory({ memory, memoryUsed }: NvidiaDevice): string | undefined {
  return memory === null ? undefined : String(Math.floor((memory - (memoryUsed ?? 0)) / 2 ** 20));
}

/** Whether ONNX Runtime has a CUDA provider for a platform. */
export const hasCudaProvider = (platform = process.platform, arch: string = process.arch): boolean =>
  platform === 'linux' && arch === 'x64';

export const NO_CUDA_PROVIDER = `ONNX Runtime has no CUDA provider for ${process.platform}-${process.arch}, only for linux-x64`;

/** Such as `NVIDIA L4 (22.5 GiB, driver 580.95.05)`. */
export const describeDevice = ({ name, memory, driver }: NvidiaDevice): string =>
  `${name} (${memory === null ? 'shared memory' : gibibytes(memory)}, driver ${driver})`;

/**
 * Chooses the GPU with the most memory among those that can be used, or the first one of the user's CUDA_VISIBLE_DEVICES.
 *
 * @returns the GPU, and the variables that select it
 * @throws GpuError when none can be used, with the reason of each
 */
export function chooseDevice(
  devices: readonly NvidiaDevice[],
  env: NodeJS.ProcessEnv,
): { readonly device: NvidiaDevice; readonly env: Readonly<Record<string, string>> } {
  if (devices.length === 0) throw new GpuError('This machine has no NVIDIA GPU');
  const { CUDA_VISIBLE_DEVICES: list } = env;
  const candidates = visibleDevices(devices, env);
  if (candidates.length === 0) throw new GpuError(`CUDA_VISIBLE_DEVICES=${list} hides all NVIDIA GPUs`);
  const reasons = candidates.map(whyUnfit);
  const usable = candidates.filter((_, index) => reasons[index] === null);
  const [device] = usable.toSorted((a, b) => (b.memory ?? 0) - (a.memory ?? 0));
  if (device === undefined) throw new GpuError(reasons.filter((each) => each !== null).join('; '));
  const select = devices.length > 1 && list === undefined;
  return { device, env: select ? { CUDA_VISIBLE_DEVICES: device.uuid, CUDA_DEVICE_ORDER: PCI_ORDER } : {} };
}
