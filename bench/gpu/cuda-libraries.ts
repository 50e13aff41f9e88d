import { existsSync, readdirSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';

/** What ONNX Runtime looks for beside its own library when a session asks for CUDA. */
const LIBRARIES = ['libonnxruntime_providers_shared.so', 'libonnxruntime_providers_cuda.so'] as const;

/** The CUDA provider's libraries are not where ONNX Runtime looks for them. */
export class CudaLibrariesError extends Error {
  override readonly name = 'CudaLibrariesError';
}

/** Folder of onnxruntime-node's library, and that package's version. */
export function onnxRuntimeHome(): { readonly folder: string; readonly version: string } {
  const require = createRequire(new URL('../../packages/svd/package.json', import.meta.url));
  const file = require.resolve('onnxruntime-node/package.json');
  const { version } = require(file) as { readonly version: string };
  return { folder: join(dirname(file), 'bin', 'napi-v6', process.platform, process.arch), version };
}

/**
 * Sees to it that the CUDA provider's libraries lie beside ONNX Runtime's own; links them from `from` where they don't.
 * @param from a folder that holds them, or below which they lie, such as an unpacked wheel of onnxruntime-gpu.
 * @throws CudaLibrariesError saying how to get them.
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
    `${name} is not beside ONNX Runtime in ${folder}${from === undefined ? '' : `, nor below ${from}`}.`,
    'It is in the onnxruntime-gpu wheel of the same version:',
    `  pip download --no-deps --dest wheel onnxruntime-gpu==${version} && unzip -d wheel wheel/onnxruntime_gpu-*.whl`,
    '  npm run bench -- gpu … --libraries wheel',
  ].join('\n');
