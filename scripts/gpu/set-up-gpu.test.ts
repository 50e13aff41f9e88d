import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { findPip } from './pip.ts';
import { hasCudaProvider, setUpGpu } from './set-up-gpu.ts';
import { serveWheels } from './testing/wheel-index.ts';
import type { WheelIndex } from './testing/wheel-index.ts';
import { writeNvidiaSmi } from './testing/nvidia-smi.ts';
import type { MadeUpDevice } from './testing/nvidia-smi.ts';

const why =
  (await findPip()) === null
    ? 'pip is missing'
    : hasCudaProvider()
      ? null
      : 'there is no CUDA provider for this platform';

let root: string;
let bin: string;
let index: WheelIndex;
let lines: string[];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'gpu-'));
  bin = join(root, 'bin');
  lines = [];
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(root, { recursive: true });
});

async function setUp(
  devices: readonly MadeUpDevice[],
  { provider = 'auto', env = {}, signal = new AbortController().signal }: Partial<Parameters<typeof setUpGpu>[0]> = {},
): Promise<NodeJS.ProcessEnv> {
  await writeNvidiaSmi(bin, devices);
  const say = (line: string): void => void lines.push(line);
  return setUpGpu({ root, provider, env: { PATH: `${bin}:/usr/bin:/bin`, ...env }, say, signal });
}

describe.skipIf(why !== null)(`the CUDA libraries${why === null ? '' : ` (skipped: ${why})`}`, () => {
  beforeEach(async () => {
    index = await serveWheels(root);
    const settings = { PIP_INDEX_URL: index.url, PIP_TRUSTED_HOST: '127.0.0.1', PIP_FIND_LINKS: '', NO_PROXY: '*' };
    for (const [name, value] of Object.entries(settings)) vi.stubEnv(name, value);
  });
  afterEach(() => index[Symbol.asyncDispose]());

  test('are downloaded once, also when that is interrupted, and stand in the path of the loader', async () => {
    // Of another version, and of an installation that was killed.
    for (const name of ['nvidia-cudnn-cu13-9.1', 'partial-1'])
      await mkdir(join(root, '.cache', 'cuda', name), { recursive: true });
    index.broken = 'nvidia-cudnn-cu13';
    expect(await setUp([{}])).toEqual({});
    expect(lines.slice(0, 2)).toEqual([
      'NVIDIA L4 (22.5 GiB, driver 580.95.05): installing ONNX Runtime’s CUDA libraries into .cache/cuda with pip',
      '0.0 GB are downloaded, once. To compute without them, start with --provider cpu.',
    ]);
    expect(lines.at(-1)).toMatch(/^The CPU computes: pip failed \(.+\): check the network, and start again\.$/);
    expect(await readdir(join(root, '.cache', 'cuda'))).toEqual(['onnxruntime-gpu-1.30.0']);

    index.broken = null;
    index.downloads.length = 0;
    lines = [];
    const env = await setUp([{}], { env: { LD_LIBRARY_PATH: '/own' } });
    expect(index.downloads).toEqual(['nvidia-cudnn-cu13']);
    expect(lines).toContain('nvidia-cudnn-cu13 9.28.1.4: 1 MB (1 of 1)');
    const folders = env.LD_LIBRARY_PATH?.split(':') ?? [];
    expect(folders.map((folder) => basename(folder))).toEqual([
      'onnxruntime-gpu-1.30.0',
      'nvidia-cudnn-cu13-9.28.1.4',
      'own',
    ]);
    const libraries = await Promise.all(folders.slice(0, 2).map((folder) => readdir(folder)));
    expect(libraries.map((names) => names.sort())).toEqual([
      ['libonnxruntime.so.1', 'libonnxruntime_providers_cuda.so', 'libonnxruntime_providers_shared.so'],
      ['libcudnn.so.9'],
    ]);
    expect(existsSync(await readlink(join(folders[0]!, 'libonnxruntime.so.1')))).toBe(true);

    index.downloads.length = 0;
    lines = [];
    expect(await setUp([{}])).toEqual({ GPU_MEMORY_MIB: '23022', LD_LIBRARY_PATH: folders.slice(0, 2).join(':') });
    expect([index.downloads, lines]).toEqual([[], []]);
  });

  test.each(['cpu', 'webgpu'] as const)('are not downloaded with %s', async (provider) => {
    expect(await setUp([{}], { provider })).toEqual({});
    expect([index.downloads, lines]).toEqual([[], []]);
  });

  test('are not downloaded after an interruption by the user', async () => {
    const signal = AbortSignal.abort(new Error('stopped'));
    await expect(setUp([{}], { signal })).rejects.toThrow('stopped');
    expect(index.downloads).toEqual([]);
  });

  test('without pip, the CPU computes, and a line says what to install', async () => {
    vi.stubEnv('PATH', bin);
    expect(await setUp([{}])).toEqual({});
    expect(lines.at(-1)).toMatch(/^The CPU computes: pip is missing: install it \(.+\), and start again\.$/);
    expect(await setUp([{}], { provider: 'cuda' }).catch((error: unknown) => String(error))).toMatch(
      /^GpuError: pip is missing: .+ \(or choose another --provider\)$/,
    );
  });

  test('without room on the disk, the CPU computes, and a line says how much is needed', async () => {
    const list = join(root, 'deploy', 'docker', 'cuda.txt');
    await writeFile(list, (await readFile(list, 'utf8')).replaceAll('# 1 MB', '# 99000000 MB'));
    expect(await setUp([{}])).toEqual({});
    expect(lines.at(-1)).toMatch(/^The CPU computes: too little room .+ GB are free in .+, 544500\.0 GB are needed/);
  });
});

test('without an NVIDIA GPU, nothing is said or done, unless the user chose CUDA', async () => {
  expect(await setUp([])).toEqual({});
  expect(lines).toEqual([]);
  await expect(setUp([], { provider: 'cuda' })).rejects.toThrow('This machine has no NVIDIA GPU (or choose another');
});
