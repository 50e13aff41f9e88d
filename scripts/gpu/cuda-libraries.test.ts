import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { createRuntime } from '@cinematica/svd';
import { expect, test } from 'vitest';
import { cudaLibraryPath, findCudaLibraries } from './cuda-libraries.ts';

const project = join(import.meta.dirname, '..', '..');
const { folders, missing } = await findCudaLibraries(project);
const skipped = missing.length > 0 ? ' (skipped: “node scripts/gpu/install.ts” installs them, 1.3 GB)' : '';

/** What the driver brings, and what only TensorRT has, which is not installed. */
const FOREIGN = new Set(['libcuda.so.1', 'libnvinfer.so.10', 'libnvonnxparser.so.10']);

test.skipIf(missing.length > 0)(`all libraries are found but the driver’s own${skipped}`, async () => {
  const LD_LIBRARY_PATH = await cudaLibraryPath(project, undefined);
  const unresolved = new Map<string, string[]>();
  for (const folder of folders) {
    for (const name of await readdir(folder)) {
      const { stdout } = await promisify(execFile)('ldd', [join(folder, name)], {
        env: { LD_LIBRARY_PATH, PATH: process.env.PATH },
      });
      const lost = [...stdout.matchAll(/(\S+) => not found/g)].map(([, library = '']) => library);
      if (lost.length > 0) unresolved.set(name, lost);
    }
  }
  expect(unresolved.get('libonnxruntime_providers_cuda.so')).toEqual(['libcuda.so.1']);
  expect([...unresolved.values()].flat().filter((library) => !FOREIGN.has(library))).toEqual([]);
});

test.skipIf(missing.length > 0)(`ONNX Runtime loads the provider from the cache${skipped}`, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'loader-'));
  try {
    const LD_LIBRARY_PATH = await cudaLibraryPath(project, undefined);
    const loader = { LD_DEBUG: 'files', LD_DEBUG_OUTPUT: join(folder, 'log') };
    await using runtime = await createRuntime({ threads: 1, env: { LD_LIBRARY_PATH, ...loader } });
    expect(['cuda', 'cpu']).toContain(runtime.provider);
    const logs = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name), 'utf8')));
    const [home = ''] = LD_LIBRARY_PATH.split(delimiter);
    for (const part of ['shared', 'cuda']) {
      expect(logs.join('')).toContain(
        `file=${home}/libonnxruntime_providers_${part}.so [0];  dynamically loaded by ${home}/`,
      );
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});
