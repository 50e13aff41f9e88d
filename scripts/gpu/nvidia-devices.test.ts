import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { whyUnfit } from './cuda-requirements.ts';
import { findNvidiaDevices } from './nvidia-devices.ts';
import { chooseDevice } from './set-up-gpu.ts';
import { writeNvidiaSmi, writeProgram } from './testing/nvidia-smi.ts';
import type { MadeUpDevice } from './testing/nvidia-smi.ts';

let system: string;
let bin: string;

beforeEach(async () => {
  system = await mkdtemp(join(tmpdir(), 'nvidia-'));
  bin = join(system, 'bin');
});
afterEach(() => rm(system, { recursive: true }));

const find = () => findNvidiaDevices({ path: `${bin}:/usr/bin:/bin`, system, timeoutMs: 2000 });

async function devicesOf(...devices: MadeUpDevice[]) {
  await writeNvidiaSmi(bin, devices);
  return (await find()).devices;
}

/** Adds a device to the kernel's list. */
async function addHardware(vendor: string, kind: string): Promise<void> {
  const folder = join(system, 'sys', 'bus', 'pci', 'devices', '0000:01:00.0');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'vendor'), `${vendor}\n`);
  await writeFile(join(folder, 'class'), `${kind}\n`);
}

test('a GPU is found with its driver, memory and compute capability', async () => {
  expect(await devicesOf({}, { uuid: 'GPU-2', name: 'NVIDIA GB10', memory: '[N/A]', capability: '12.1' })).toEqual([
    {
      uuid: 'GPU-1',
      name: 'NVIDIA L4',
      driver: '580.95.05',
      computeCapability: '8.9',
      memory: 23_034 * 2 ** 20,
      memoryUsed: 12 * 2 ** 20,
    },
    {
      uuid: 'GPU-2',
      name: 'NVIDIA GB10',
      driver: '580.95.05',
      computeCapability: '12.1',
      memory: null,
      memoryUsed: 12 * 2 ** 20,
    },
  ]);
});

test('a driver that cannot report the compute capability is found as too old', async () => {
  const answer = `case "$1" in *compute_cap*) echo 'Field "compute_cap" is not a valid field to query.'; exit 2;; esac`;
  await writeProgram(bin, 'nvidia-smi', `${answer}\necho 'GPU-1, Tesla V100, 470.57.02, 16160, 0'`);
  const [device] = (await find()).devices;
  expect(device?.computeCapability).toBeNull();
  expect(whyUnfit(device!)).toBe(
    'Tesla V100: its driver 470.57.02 is too old for CUDA 13: install NVIDIA’s driver 580 or newer',
  );
});

test.each<[MadeUpDevice, string | null]>([
  [{}, null],
  [{ capability: '7.5', name: 'Tesla T4', memory: '15360' }, null],
  [{ driver: '575.64' }, 'its driver 575.64 is too old for CUDA 13: install NVIDIA’s driver 580 or newer'],
  [
    { capability: '7.0' },
    'is too old: CUDA 13 needs compute capability 7.5 or newer, not 7.0: use another GPU, or the CPU',
  ],
  [{ capability: '10.0' }, 'has no kernels for compute capability 10.0: use another GPU, or the CPU'],
  [{ memory: '2048' }, 'is too small: 2 GiB of memory, and the stages need 4 GiB: use another GPU, or the CPU'],
])('%j: %s', async (device, reason) => {
  const unfit = whyUnfit((await devicesOf(device))[0]!);
  if (reason === null) expect(unfit).toBeNull();
  else expect(unfit).toContain(reason);
});

test('the GPU with the most memory is chosen among those that fit, or the user’s own', async () => {
  const devices = await devicesOf(
    { uuid: 'GPU-old', capability: '6.1', memory: '24000' },
    { uuid: 'GPU-small', memory: '8000' },
    { uuid: 'GPU-large', memory: '16000' },
  );
  const byBus = { CUDA_DEVICE_ORDER: 'PCI_BUS_ID' };
  expect(chooseDevice(devices, {}).env).toEqual({ CUDA_VISIBLE_DEVICES: 'GPU-large', ...byBus });
  expect(chooseDevice(devices, { CUDA_VISIBLE_DEVICES: '1,2', ...byBus })).toMatchObject({
    device: { uuid: 'GPU-small' },
    env: {},
  });
  expect(chooseDevice(devices, { CUDA_VISIBLE_DEVICES: 'GPU-l' }).device.uuid).toBe('GPU-large');
  expect(() => chooseDevice(devices, { CUDA_VISIBLE_DEVICES: '-1' })).toThrow('hides all NVIDIA GPUs');
  expect(() => chooseDevice(devices, { CUDA_VISIBLE_DEVICES: '3' })).toThrow('hides all NVIDIA GPUs');
  expect(() => chooseDevice(devices, { CUDA_VISIBLE_DEVICES: '0', ...byBus })).toThrow('is too old');
});

test('without the order of the bus, a number in CUDA_VISIBLE_DEVICES can mean every GPU, so it is refused only when none fits', async () => {
  const [old, large] = [{ uuid: 'GPU-old', capability: '6.1' }, { uuid: 'GPU-large' }];
  const first = { CUDA_VISIBLE_DEVICES: '0' };
  expect(chooseDevice(await devicesOf(old, large), first)).toMatchObject({ device: { uuid: 'GPU-large' }, env: {} });
  expect(() => chooseDevice([], first)).toThrow('no NVIDIA GPU');
  const both = await devicesOf(old, { ...old, uuid: 'GPU-older' });
  expect(() => chooseDevice(both, first)).toThrow('is too old');
  expect(() => chooseDevice(both.slice(0, 1), first)).toThrow('is too old');
});

test('a GPU without a driver is a problem with a cure; a machine without a GPU has none', async () => {
  expect(await find()).toEqual({ devices: [], problem: null });
  await addHardware('0x10de', '0x040300');
  expect((await find()).problem).toBeNull();
  await addHardware('0x10de', '0x030000');
  expect((await find()).problem).toContain('no driver for it: install NVIDIA’s driver 580 or newer');
});

test.each([
  ['echo "Failed to initialize NVML: Driver/library version mismatch"; exit 18', 'Driver/library version mismatch'],
  ['exec sleep 60', 'it does not answer'],
])('nvidia-smi that fails is a problem only on a machine with such a GPU: %s', async (script, reason) => {
  await writeProgram(bin, 'nvidia-smi', script);
  await addHardware('0x10de', '0x030200');
  const { problem } = await findNvidiaDevices({ path: `${bin}:/usr/bin:/bin`, system, timeoutMs: 300 });
  expect(problem).toContain(reason);
  expect(problem).toContain('restart the machine, or install');
  await addHardware('0x8086', '0x030000');
  expect((await findNvidiaDevices({ path: bin, system, timeoutMs: 300 })).problem).toBeNull();
});

test('an nvidia-smi that does not answer is asked only once', async () => {
  const asked = join(system, 'asked');
  await writeProgram(bin, 'nvidia-smi', `echo asked >> ${asked}\ntrap '' TERM\nexec sleep 60`);
  await findNvidiaDevices({ path: `${bin}:/usr/bin:/bin`, system, timeoutMs: 300 });
  expect(await readFile(asked, 'utf8')).toBe('asked\n');
});
