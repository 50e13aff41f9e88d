import type { NvidiaDevice } from './query-nvidia.ts';

/** The order of nvidia-smi. That of CUDA is otherwise the fastest first, which only CUDA knows. */
export const PCI_ORDER = 'PCI_BUS_ID';

/**
 * The GPUs of which one is used: ONNX Runtime computes on the first one that `CUDA_VISIBLE_DEVICES` shows, a list of numbers and UUIDs
 * (or their beginnings). CUDA ignores what follows an unknown entry.
 */
export function visibleDevices(devices: readonly NvidiaDevice[], env: NodeJS.ProcessEnv): readonly NvidiaDevice[] {
  const { CUDA_VISIBLE_DEVICES: list, CUDA_DEVICE_ORDER: order } = env;
  if (list === undefined) return devices;
  const entry = firstEntry(list);
  if (isPart(entry)) return devices;
  if (!/^\d+$/.test(entry)) return devices.filter(({ uuid }) => entry !== '' && uuid.startsWith(entry)).slice(0, 1);
  const index = Number(entry);
  if (index < devices.length && order !== PCI_ORDER) return devices;
  return devices.slice(index, index + 1);
}

/** CUDA computes on the first GPU of the list. */
const firstEntry = (list = ''): string => list.split(',')[0]!.trim();

/** A part of a GPU (MIG) has a UUID that nvidia-smi does not list among the GPUs. */
const isPart = (entry: string): boolean => entry.startsWith('MIG-');

/**
 * The memory that the one GPU that is used has at least, in bytes.
 * @param devices those of which one is used
 * @returns null when it is not known, such as that of a part of a GPU
 */
export function leastMemory(devices: readonly NvidiaDevice[], env: NodeJS.ProcessEnv): number | null {
  if (isPart(firstEntry(env.CUDA_VISIBLE_DEVICES))) return null;
  const known = devices.flatMap(({ memory }) => (memory === null ? [] : [memory]));
  return known.length === 0 ? null : Math.min(...known);
}
