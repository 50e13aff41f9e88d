import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findPip, runPip } from '../../scripts/gpu/pip.ts';
import { readPinnedWheels, WHEEL_TAGS } from '../../scripts/gpu/pinned-wheels.ts';
import { RUNTIME, runtimeLibrary } from '../../scripts/gpu/runtime-library.ts';
import { oneAtATime } from '../../scripts/setup/one-at-a-time.mjs';

const HERE = import.meta.dirname;
const ROOT = join(HERE, '../..');
const CACHE = join(ROOT, '.cache/dry-run-gpu');
const LIBRARIES = join(CACHE, 'libraries');
const WHEELS = join(CACHE, 'wheels');
const PROVIDER = join(WHEELS, 'onnxruntime/capi');
const PROVIDER_LIBRARIES = ['libonnxruntime_providers_cuda.so', 'libonnxruntime_providers_shared.so'];
/** ONNX Runtime's CUDA provider, and the headers of the CUDA runtime. Their versions are those that the images have. */
const PINNED = ['onnxruntime-gpu', 'nvidia-cuda-runtime'];
/** How long the download may take. */
const DOWNLOAD_MS = 300_000;

/** The stand-ins by the name under which the provider loads them, and their sources. */
const STAND_INS: Readonly<Record<string, string>> = {
  'libcudart.so.13': 'cudart.c',
  'libcublas.so.13': 'cublas.c',
  'libcublasLt.so.13': 'cublas.c',
  'libcurand.so.10': 'cublas.c',
  'libcuda.so.1': 'cublas.c',
  'libcudnn.so.9': 'cudnn.c',
};

/**
 * Builds the stand-ins once, in the project's cache: `pip` downloads the wheels (250 MB), `gcc` compiles.
 * @returns the folder of the libraries, for `LD_LIBRARY_PATH`; or why they cannot be built here
 */
export async function buildStandIns(): Promise<{ readonly folder: string } | { readonly missing: string }> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return { missing: 'they are for Linux on x64' };
  await mkdir(CACHE, { recursive: true });
  return oneAtATime(join(CACHE, 'lock'), async () => {
    const made = join(LIBRARIES, 'made-of.txt');
    const links = {
      ...Object.fromEntries(PROVIDER_LIBRARIES.map((name) => [name, join(PROVIDER, name)])),
      // ONNX Runtime loads the provider from the folder that it was loaded from itself, which LD_LIBRARY_PATH decides.
      [RUNTIME]: runtimeLibrary(),
    };
    const wheels = await listWheels();
    const sources = await Promise.all(['build.ts', 'device.h', 'cudart.c', 'cublas.c', 'cudnn.c'].map(read));
    const wanted = [JSON.stringify(links), wheels, ...sources].join('\n');
    if (existsSync(made) && (await readFile(made, 'utf8')) === wanted) return { folder: LIBRARIES };
    if (!(await runs('gcc', '--version'))) return { missing: 'gcc is missing' };
    const problem = await downloadWheels(wheels);
    if (problem !== null) return { missing: problem };
    await rm(LIBRARIES, { recursive: true, force: true });
    await mkdir(LIBRARIES);
    for (const [name, source] of Object.entries(STAND_INS)) await compile(name, source);
    for (const [name, target] of Object.entries(links)) await symlink(target, join(LIBRARIES, name));
    await writeFile(made, wanted);
    return { folder: LIBRARIES };
  });
}

const read = (name: string): Promise<string> => readFile(join(HERE, name), 'utf8');

const runs = (program: string, ...args: string[]): Promise<boolean> =>
  promisify(execFile)(program, args).then(
    () => true,
    () => false,
  );

/** The lines for pip. */
async function listWheels(): Promise<string> {
  const wheels = (await readPinnedWheels(ROOT)).filter(({ name }) => PINNED.includes(name));
  return [...wheels.map(({ requirement }) => requirement), await read('wheels.txt')].join('\n');
}

/** @returns why there are no wheels; null if they are there. */
async function downloadWheels(list: string): Promise<string | null> {
  const installed = join(WHEELS, 'wheels.txt');
  if (existsSync(installed) && (await readFile(installed, 'utf8')) === list) return null;
  const pip = await findPip();
  if (pip === null) return 'pip is missing';
  const partial = await mkdtemp(join(CACHE, 'partial-'));
  const [tmp, unpacked] = [join(partial, 'tmp'), join(partial, 'unpacked')];
  const exact = [
    '--quiet',
    '--no-input',
    '--retries',
    '1',
    '--no-deps',
    '--no-compile',
    '--require-hashes',
    '--only-binary=:all:',
  ];
  const requirements = join(partial, 'wheels.txt');
  const where = [...WHEEL_TAGS, '--target', unpacked, '--requirement', requirements];
  try {
    await mkdir(tmp);
    await writeFile(requirements, list);
    await runPip(pip, ['install', ...exact, ...where], tmp, AbortSignal.timeout(DOWNLOAD_MS));
    await writeFile(join(unpacked, 'wheels.txt'), list);
    await rm(WHEELS, { recursive: true, force: true });
    await rename(unpacked, WHEELS);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

async function compile(name: string, source: string): Promise<void> {
  const map = join(LIBRARIES, 'symbols.map');
  // The provider asks for versions of the symbols that are called like the library.
  await writeFile(map, `${name} { global: *; };\n`);
  const rest = join(LIBRARIES, 'rest.c');
  await writeFile(rest, name === 'libcudnn.so.9' ? await otherFunctionsOfCudnn() : '');
  const headers = ['-I', join(WHEELS, 'nvidia/cu13/include'), '-I', HERE];
  const linking = ['-shared', '-fPIC', `-Wl,-soname,${name}`, `-Wl,--version-script=${map}`, '-lpthread'];
  const files = [join(HERE, source), rest, '-o', join(LIBRARIES, name)];
  await promisify(execFile)('gcc', ['-std=gnu11', '-O1', '-w', ...headers, ...files, ...linking]);
  await Promise.all([rm(map), rm(rest)]);
}

/** The functions of cuDNN that the provider looks up by name, without those in `cudnn.c`. Each succeeds and does nothing. */
async function otherFunctionsOfCudnn(): Promise<string> {
  const library = await readFile(join(PROVIDER, PROVIDER_LIBRARIES[0] ?? ''));
  const own = await read('cudnn.c');
  const names = new Set<string>();
  for (let at = library.indexOf('\0cudnn'); at >= 0; at = library.indexOf('\0cudnn', at + 1)) {
    const name = library.toString('latin1', at + 1, library.indexOf(0, at + 1));
    if (/^cudnn[A-Z]\w+$/.test(name) && !new RegExp(`\\b${name}\\(`).test(own)) names.add(name);
  }
  const create = (name: string) => `int ${name}(void **p) { return *p = calloc(1, 256), 0; }`;
  const succeed = (name: string) => `int ${name}() { return 0; }`;
  const functions = [...names].map((name) => (/^cudnnCreate\w*Descriptor$/.test(name) ? create : succeed)(name));
  return ['#include <stdlib.h>', ...functions, ''].join('\n');
}
