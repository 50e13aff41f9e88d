/*
 * Execution providers of onnxruntime-node 1.30 by platform (from its README and its prebuilt binaries):
 *
 * | provider | linux x64 | linux arm64 | darwin arm64 | darwin x64 | win32 x64 | win32 arm64 |
 * | -------- | --------- | ----------- | ------------ | ---------- | --------- | ----------- |
 * | cpu      | yes       | yes         | yes          | no [1]     | yes       | yes         |
 * | cuda     | yes [2]   | no          | no           | no         | no        | no          |
 * | tensorrt | yes [2]   | no          | no           | no         | no        | no          |
 * | webgpu   | yes [3]   | no          | yes [3]      | no [1]     | yes [3]   | yes [3]     |
 * | coreml   | no        | no          | yes          | no [1]     | no        | no          |
 *
 * `auto` tries cuda (coreml on macOS), webgpu if there is a GPU, and cpu. A provider that the platform lacks fails and is skipped.
 * onnxruntime-node also has DirectML on Windows, which this project does not use.
 *
 * [1] The package has no binary for Intel Macs (its README still lists them), so onnxruntime-node does not load there.
 * [2] The provider's libraries are not part of the package: libonnxruntime_providers_{shared,cuda,tensorrt}.so of the same
 *     release must lie beside libonnxruntime.so.1, and the loader must find the CUDA, cuDNN and TensorRT libraries that they
 *     link to. scripts/gpu installs them, except those of TensorRT.
 * [3] Experimental in onnxruntime-node. It needs a Vulkan, Metal or Direct3D 12 driver.
 */

/** An execution provider of ONNX Runtime: the library that computes the graphs. */
export type ExecutionProvider = 'cuda' | 'tensorrt' | 'webgpu' | 'coreml' | 'cpu';

/** An execution provider, or `auto` for the best one that works on this machine. */
export type ProviderChoice = 'auto' | ExecutionProvider;

/** A provider that does not work on this machine, with the reason. */
export interface SkippedProvider {
  readonly provider: ExecutionProvider;
  readonly reason: string;
}

/** Whether a provider computes in the memory of an NVIDIA GPU, in float16. */
export const onGpu = (provider: ProviderChoice): provider is 'cuda' | 'tensorrt' =>
  provider === 'cuda' || provider === 'tensorrt';

const choices: readonly ProviderChoice[] = ['auto', 'cuda', 'tensorrt', 'webgpu', 'coreml', 'cpu'];

/** The value of a setting is not an execution provider. */
export class ExecutionProviderSettingError extends Error {
  override readonly name = 'ExecutionProviderSettingError';
}

/** None of the selected providers works on this machine. */
export class ProviderUnavailableError extends Error {
  override readonly name = 'ProviderUnavailableError';
  readonly skipped: readonly SkippedProvider[];

  constructor(skipped: readonly SkippedProvider[]) {
    const reasons = skipped.map(({ provider, reason }) => `${provider} is not available: ${reason}`);
    super(`execution provider ${reasons.join('; ')} (select "auto" or "cpu", or install its libraries)`);
    this.skipped = skipped;
  }
}

/**
 * Parses a setting such as the environment variable `EXECUTION_PROVIDER`. An empty or missing value means `auto`.
 *
 * @param setting name of the setting in the error message
 * @throws {ExecutionProviderSettingError} that names the setting and its possible values
 */
export function parseExecutionProvider(text: string | undefined, setting = 'EXECUTION_PROVIDER'): ProviderChoice {
  const wanted = text?.trim().toLowerCase() ?? '';
  const choice = wanted === '' ? 'auto' : choices.find((name) => name === wanted);
  if (choice === undefined) {
    throw new ExecutionProviderSettingError(`${setting}="${text}" is none of ${choices.join(', ')}`);
  }
  return choice;
}

/**
 * Returns the providers to try, the one that is usually the fastest first. `auto` never tries TensorRT, which builds its engines
 * for minutes.
 * @param webgpu whether WebGPU would compute on a GPU: see `hasWebGpuAdapter`. Default false.
 */
export function providerCandidates(
  choice: ProviderChoice,
  {
    platform = process.platform,
    webgpu = false,
  }: { readonly platform?: NodeJS.Platform; readonly webgpu?: boolean } = {},
): readonly ExecutionProvider[] {
  if (choice !== 'auto') return [choice];
  return [platform === 'darwin' ? 'coreml' : 'cuda', ...(webgpu ? (['webgpu'] as const) : []), 'cpu'];
}
