import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** The name of ONNX Runtime's library. */
export const RUNTIME = 'libonnxruntime.so.1';

/** The path of ONNX Runtime's library in its package. */
export function runtimeLibrary(): string {
  const require = createRequire(new URL('../../packages/svd/package.json', import.meta.url));
  const folder = dirname(require.resolve('onnxruntime-node/package.json'));
  return join(folder, 'bin', 'napi-v6', process.platform, process.arch, RUNTIME);
}
