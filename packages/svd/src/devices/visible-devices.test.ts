import { expect, test } from 'vitest';
import type { NvidiaDevice } from './query-nvidia.ts';
import { leastMemory, visibleDevices } from './visible-devices.ts';

const GIB = 2 ** 30;
const gpu = (uuid: string, memory: number | null): NvidiaDevice => ({
  ...{ uuid, memory, name: 'GPU', driver: '580', computeCapability: '8.9', memoryUsed: 0 },
});
const devices = [gpu('GPU-a', 80 * GIB), gpu('GPU-b', null), gpu('GPU-c', 12 * GIB)];

test.each([
  ['any of them', {}, 12 * GIB],
  ['one in an unknown order', { CUDA_VISIBLE_DEVICES: '0' }, 12 * GIB],
  ['one in the known order', { CUDA_VISIBLE_DEVICES: '0', CUDA_DEVICE_ORDER: 'PCI_BUS_ID' }, 80 * GIB],
  ['one by its UUID', { CUDA_VISIBLE_DEVICES: 'GPU-a' }, 80 * GIB],
  ['one that shares the memory of the machine', { CUDA_VISIBLE_DEVICES: 'GPU-b' }, null],
  ['a part of one', { CUDA_VISIBLE_DEVICES: 'MIG-1234' }, null],
])('the memory that is there at least, with %s', (_, env, memory) => {
  expect(leastMemory(visibleDevices(devices, env), env)).toBe(memory);
});
