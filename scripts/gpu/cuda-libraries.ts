import { existsSync } from 'node:fs';
import { mkdir, readdir, readlink, rename, rm, statfs, symlink, writeFile } from 'node:fs/promises';
import { basename, delimiter, join } from 'node:path';
import { oneAtATime } from '../setup/one-at-a-time.mjs';
import { GpuError } from './gpu-error.ts';
import { findPip, runPip } from './pip.ts';
import { readPinnedWheels, WHEEL_TAGS } from './pinned-wheels.ts';
import type { PinnedWheel } from './pinned-wheels.ts';
import { RUNTIME, runtimeLibrary } from './runtime-library.ts';

/** ONNX Runtime's CUDA provider and the libraries of CUDA and cuDNN, in the project's cache. */
export interface CudaLibraries {
  /** The folders with the libraries of each wheel. That of ONNX Runtime is the first one. */
  readonly folders: readonly string[];
  /** The wheels that are not installed yet. */
  readonly missing: readonly PinnedWheel[];
}

const PROVIDER = 'onnxruntime-gpu';

const cacheFolder = (root: string): string => join(root, '.cache', 'cuda');

/** @param root the project's folder */
export async function findCudaLibraries(root: string): Promise<CudaLibraries> {
  const wheels = await readPinnedWheels(root);
  const providerFirst = wheels.toSorted((a, b) => Number(b.name === PROVIDER) - Number(a.name === PROVIDER));
  const folderOf = ({ name, version }: PinnedWheel): string => join(cacheFolder(root), `${name}-${version}`);
  return {
    folders: providerFirst.map(folderOf),
    missing: wheels.filter((wheel) => !existsSync(folderOf(wheel))),
  };
}

/** The sum of their downloads in megabytes. */
export const megabytesOf = (wheels: readonly PinnedWheel[]): number =>
  wheels.reduce((sum, { megabytes }) => sum + megabytes, 0);

/** Megabytes for people, such as `1.3 GB`. */
export const inGigabytes = (megabytes: number): string => `${(megabytes / 1000).toFixed(1)} GB`;

/**
 * Installs the missing libraries with pip. A wheel that is installed stays when a later one fails or is interrupted.
 *
 * @param root the project's folder
 * @param say prints a line for the user
 * @throws GpuError when pip or room on the disk is missing, or pip fails; the reason of the signal when that aborts
 */
export async function installCudaLibraries(
  root: string,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const cache = cacheFolder(root);
  await mkdir(cache, { recursive: true });
  await oneAtATime(join(cache, 'lock'), async () => {
    signal.throwIfAborted();
    // Another process may have installed them in the meantime.
    const { folders, missing } = await findCudaLibraries(root);
    if (missing.length === 0) return;
    const pip = await findPip();
    if (pip === null) {
      throw new GpuError(
        'pip is missing: install it (on Debian and Ubuntu: apt-get install python3-pip), and start again',
      );
    }
    await removeAllBut(
      cache,
      folders.map((folder) => basename(folder)),
    );
    await checkRoom(cache, missing);
    for (const [index, wheel] of missing.entries()) {
      say(`${wheel.name} ${wheel.version}: ${wheel.megabytes} MB (${index + 1} of ${missing.length})`);
      await installWheel(pip, wheel, cache, signal);
    }
  });
}

/**
 * The path for the loader: the folders of the libraries, then the user's own.
 *
 * ONNX Runtime loads the provider from the folder from which it was loaded itself. A folder of LD_LIBRARY_PATH comes before
 * the one of the package (its binding has a RUNPATH), so a link beside the provider is enough, and node_modules stays as it is.
 *
 * @param root the project's folder
 * @param inherited the user's own LD_LIBRARY_PATH
 */
export async function cudaLibraryPath(root: string, inherited: string | undefined): Promise<string> {
  const { folders } = await findCudaLibraries(root);
  await linkRuntime(join(folders[0] ?? cacheFolder(root), RUNTIME));
  return [...folders, ...(inherited ? [inherited] : [])].join(delimiter);
}

/** Links ONNX Runtime's library to the one of the package, which an update may have moved. */
async function linkRuntime(link: string): Promise<void> {
  const target = runtimeLibrary();
  if ((await readlink(link).catch(() => null)) === target) return;
  // Under another name first, because a process may look for it at this moment.
  const fresh = `${link}.${process.pid}`;
  await symlink(target, fresh);
  await rename(fresh, link);
}

async function installWheel(
  pip: readonly [string, ...string[]],
  wheel: PinnedWheel,
  cache: string,
  signal: AbortSignal,
): Promise<void> {
  // Under a temporary name, so that an interrupted download is not mistaken for a complete one.
  const partial = join(cache, `partial-${process.pid}`);
  const [tmp, unpacked, libraries] = ['tmp', 'unpacked', 'libraries'].map((name) => join(partial, name)) as [
    string,
    string,
    string,
  ];
  try {
    for (const folder of [tmp, unpacked, libraries]) await mkdir(folder, { recursive: true });
    const list = join(partial, 'wheel.txt');
    await writeFile(list, `${wheel.requirement}\n`);
    const safe = ['--no-deps', '--require-hashes', '--only-binary=:all:', '--no-compile', '--no-cache-dir'];
    const quiet = ['--quiet', '--no-input', '--retries', '2'];
    const where = ['--target', unpacked, '--requirement', list];
    await runPip(pip, ['install', ...quiet, ...safe, ...WHEEL_TAGS, ...where], tmp, signal);
    for (const file of await readdir(unpacked, { recursive: true })) {
      if (isLibrary(basename(file))) await rename(join(unpacked, file), join(libraries, basename(file)));
    }
    await rename(libraries, join(cache, `${wheel.name}-${wheel.version}`));
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/** Whether a process may load the file. The provider's wheel also has an ONNX Runtime for Python. */
const isLibrary = (name: string): boolean => /^lib.+\.so(\.|$)/.test(name) && !name.startsWith('libonnxruntime.so');

/** Removes wheels of other versions, and what an interrupted installation left behind. */
async function removeAllBut(cache: string, wanted: readonly string[]): Promise<void> {
  for (const name of await readdir(cache)) {
    if (name === 'lock' || wanted.includes(name)) continue;
    await rm(join(cache, name), { recursive: true, force: true });
  }
}

/** The libraries take about 1.5 times the size of their wheels, and pip needs room for one wheel more. */
async function checkRoom(cache: string, missing: readonly PinnedWheel[]): Promise<void> {
  const needed = 1.5 * megabytesOf(missing) + 2.5 * Math.max(...missing.map(({ megabytes }) => megabytes));
  const { bavail, bsize } = await statfs(cache);
  const free = (bavail * bsize) / 1e6;
  if (free >= needed) return;
  throw new GpuError(
    `too little room on the disk for the CUDA libraries: ${inGigabytes(free)} are free in ${cache}, ` +
      `${inGigabytes(needed)} are needed: free some, and start again`,
  );
}
