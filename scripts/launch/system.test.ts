import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeNvidiaSmi } from '../gpu/testing/nvidia-smi.ts';
import { LaunchError } from './launch-error.ts';
import { cinematica, withGpu } from './system.ts';

const root = join(import.meta.dirname, '..', '..');
let bin: string;
let lines: string[];
beforeEach(async () => {
  bin = await mkdtemp(join(tmpdir(), 'system-'));
  lines = [];
  await writeNvidiaSmi(bin, [{ driver: '535.104' }]);
});
afterEach(() => rm(bin, { recursive: true }));

/** What the services get on a machine whose driver is too old. */
const prepare = (EXECUTION_PROVIDER: string) =>
  withGpu(cinematica(root), root, (line) => void lines.push(line)).prepare?.(
    { PATH: bin, EXECUTION_PROVIDER },
    new AbortController().signal,
  );

test('with auto, the CPU computes where the GPU can’t be used, and a line says why', async () => {
  expect(await prepare('auto')).toEqual({ CACHE_FOLDER: join(root, '.cache/providers') });
  expect(lines).toEqual([
    'The CPU computes: NVIDIA L4: its driver 535.104 is too old for CUDA 13: install NVIDIA’s driver 580 or newer.',
  ]);
});

test('a system for CUDA does not start without it', async () => {
  await expect(prepare('cuda')).rejects.toThrow(LaunchError);
  await expect(prepare('cuda')).rejects.toThrow('install NVIDIA’s driver 580 or newer (or choose another --provider).');
});

test('nothing is said with another provider, and an unknown one is refused', async () => {
  expect([await prepare('webgpu'), lines]).toEqual([{ CACHE_FOLDER: join(root, '.cache/providers') }, []]);
  await expect(prepare('gpu')).rejects.toThrow('EXECUTION_PROVIDER="gpu" is none of auto, cuda');
});
