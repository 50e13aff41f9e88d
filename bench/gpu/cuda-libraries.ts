import { existsSync, readdirSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';

/** The libraries that ONNX Runtime loads from its own folder for a session with CUDA. */
const LIBRARIES = ['libonnxruntime_providers_shared.so', 'libonnxruntime_providers_cuda.so'] as const;

/** The libraries of the CUDA provider are missing. */
export class CudaLibrariesError extends Error {
  override readonly name = 'CudaLibrariesError';
}

/** The folder of onnxruntime-node's library, and the version of the package. */
export function onnxRuntimeHome(): { readonly folder: string; readonly version: string } {
  const require = createRequire(new URL('../../packages/svd/package.json', import.meta.url));
  const file = require.resolve('onnxruntime-node/package.json');
  const { version } = require(file) as { readonly version: string };
  return { folder: join(dirname(file), 'bin', 'napi-v6', process.platform, process.arch), version };
}

/**
 * Links the libraries of the CUDA provider into the folder of ONNX Runtime, unless they are there.
 * @param from a folder that contains them, directly or in a subfolder, such as an unpacked wheel of onnxruntime-gpu
 * @throws CudaLibrariesError that says how to get them
 */
export function ensureCudaLibraries(from: string | undefined, { folder, version } = onnxRuntimeHome()): void {
  for (const name of LIBRARIES) {
    const target = join(folder, name);
    if (existsSync(target)) continue;
    const found = from === undefined ? undefined : find(resolve(from), name);
    if (found) symlinkSync(found, target);
    else throw new CudaLibrariesError(advice(name, folder, version, from));
  }
}

function find(folder: string, name: string): string | undefined {
  if (!existsSync(folder)) return undefined;
  const entry = readdirSync(folder, { recursive: true, encoding: 'utf8' }).find(
    (path) => path.split('/').at(-1) === name,
  );
  return entry && join(folder, entry);
}

const advice = (name: string, folder: string, version: string, from: string | undefined): string =>
  [
    `${name} is missing in the folder of ONNX Runtime, ${folder}${from === undefined ? '' : `, and in ${from}`}.`,
    'It is part of the onnxruntime-gpu wheel of the same version:',
    `  pip download --no-deps --dest wheel onnxruntime-gpu==${version} && unzip -d wheel wheel/onnxruntime_gpu-*.whl`,
    '  npm run bench -- gpu … --libraries wheel',
  ].join('\n');
