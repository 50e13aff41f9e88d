import { readdir, readFile, stat } from 'node:fs/promises';
import { cpus, release } from 'node:os';
import { delimiter, join } from 'node:path';
import { onGpu } from '../runtime/execution-provider.ts';
import type { ExecutionProvider } from '../runtime/execution-provider.ts';
import { queryNvidiaDevices } from './query-nvidia.ts';
import type { NvidiaDevice } from './query-nvidia.ts';
import { visibleDevices } from './visible-devices.ts';

/** What the numbers of a provider depend on beside its graphs, as far as it can be known. */
export type DeviceIdentity = Readonly<Record<string, string | readonly string[]>>;

/** @returns null when the device is not known, so that nothing can be said about it the next time */
export async function identifyDevice(
  provider: ExecutionProvider,
  env: NodeJS.ProcessEnv = process.env,
): Promise<DeviceIdentity | null> {
  const libraries = await describeLibraries(env.LD_LIBRARY_PATH ?? '');
  if (onGpu(provider)) {
    const [device, ...others] = await findComputingDevices(env);
    if (device === undefined || others.some(({ name }) => name !== device.name)) return null;
    const { name, driver, computeCapability } = device;
    return { provider, name, driver, computeCapability: computeCapability ?? '', libraries };
  }
  const names = ['VK_ICD_FILENAMES', 'VK_DRIVER_FILES'];
  const drivers = names.map((variable) => env[variable] ?? '');
  const name = [...(await listGraphicsCards()).map(({ id }) => id), cpus()[0]?.model ?? ''];
  return { provider, name, driver: [release(), ...drivers], libraries };
}

/** The GPUs of which CUDA uses one. Empty when nvidia-smi does not answer. */
export const findComputingDevices = async (env: NodeJS.ProcessEnv): Promise<readonly NvidiaDevice[]> =>
  visibleDevices(await queryNvidiaDevices().catch(() => []), env);

/** Names and sizes of the libraries of CUDA, TensorRT and cuDNN that the loader looks through first. */
async function describeLibraries(path: string): Promise<string[]> {
  const folders = path.split(delimiter).filter((folder) => folder !== '');
  const found = folders.map(async (folder) => {
    const names = (await readdir(folder).catch(() => [])).filter((name) => /^lib.+\.so(\.|$)/.test(name));
    return Promise.all(
      names.map(async (name) => `${name} ${(await stat(join(folder, name)).catch(() => null))?.size}`),
    );
  });
  return (await Promise.all(found)).flat().sort();
}

/** Drivers of devices that are not GPUs. */
const NO_GPU = ['vgem', 'vkms'];

/** Linux's list of the graphics cards that can compute: vendor, device and driver of each. */
async function listGraphicsCards(): Promise<{ readonly id: string; readonly driver: string }[]> {
  const folder = '/sys/class/drm';
  const nodes = (await readdir(folder).catch(() => [])).filter((name) => name.startsWith('renderD'));
  return Promise.all(
    nodes.map(async (node) => {
      const read = (name: string) => readFile(join(folder, node, 'device', name), 'utf8').catch(() => '');
      const [vendor, device, event] = await Promise.all([read('vendor'), read('device'), read('uevent')]);
      return { id: `${vendor.trim()} ${device.trim()}`, driver: /^DRIVER=(.*)$/m.exec(event)?.[1] ?? '' };
    }),
  );
}

/**
 * Whether WebGPU computes on a GPU. On Linux, Vulkan has drivers that compute on the CPU, which takes longer than ONNX Runtime's
 * own kernels for it.
 */
export async function hasWebGpuAdapter(env: NodeJS.ProcessEnv = process.env): Promise<boolean> {
  if (process.platform !== 'linux') return true;
  const named = env.VK_DRIVER_FILES ?? env.VK_ICD_FILENAMES ?? '';
  if (/swiftshader|lvp|lavapipe/i.test(named)) return false;
  return (await listGraphicsCards()).some(({ driver }) => !NO_GPU.includes(driver));
}
