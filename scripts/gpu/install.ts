/**
 * `node scripts/gpu/install.ts`: installs ONNX Runtime's CUDA libraries on a machine without a GPU. `npm start` does it on
 * those with one. It prints the path for the loader. The tests of the libraries run where they are installed.
 */
import { dirname } from 'node:path';
import { say } from '../setup/say.mjs';
import { cudaLibraryPath, installCudaLibraries } from './cuda-libraries.ts';
import { GpuError } from './gpu-error.ts';
import { hasCudaProvider, NO_CUDA_PROVIDER } from './set-up-gpu.ts';

const root = dirname(dirname(import.meta.dirname));
const stopped = new AbortController();
process.once('SIGINT', () => stopped.abort());
try {
  if (!hasCudaProvider()) throw new GpuError(NO_CUDA_PROVIDER);
  await installCudaLibraries(root, say, stopped.signal);
  process.stdout.write(`${await cudaLibraryPath(root, undefined)}\n`);
} catch (error) {
  if (!stopped.signal.aborted && !(error instanceof GpuError)) throw error;
  process.stderr.write(`${error instanceof GpuError ? error.message : 'stopped'}\n`);
  process.exitCode = 1;
}
