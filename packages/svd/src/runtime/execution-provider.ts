/** What ONNX Runtime computes with. */
export type ExecutionProvider = 'cuda' | 'tensorrt' | 'webgpu' | 'coreml' | 'cpu';

/** A provider by name, or the best one that works here. */
export type ProviderChoice = 'auto' | ExecutionProvider;

/** A provider that was tried and could not run, and why. */
export interface SkippedProvider {
  readonly provider: ExecutionProvider;
  readonly reason: string;
}

const choices: readonly ProviderChoice[] = ['auto', 'cuda', 'tensorrt', 'webgpu', 'coreml', 'cpu'];

/** A setting that names no execution provider. */
export class ExecutionProviderSettingError extends Error {
  override readonly name = 'ExecutionProviderSettingError';
}

/** No provider that was asked for can run on this machine. */
export class ProviderUnavailableError extends Error {
  override readonly name = 'ProviderUnavailableError';
  readonly skipped: readonly SkippedProvider[];

  constructor(skipped: readonly SkippedProvider[]) {
    const reasons = skipped.map(({ provider, reason }) => `${provider} can not run here: ${reason}`);
    super(`execution provider ${reasons.join('; ')} (choose "auto" or "cpu", or install what it needs)`);
    this.skipped = skipped;
  }
}

/**
 * Reads a setting such as the environment's `EXECUTION_PROVIDER`; empty or missing means `auto`.
 *
 * @throws {ExecutionProviderSettingError} naming the setting and what it may say
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
 * The providers to try, best first. WebGPU and TensorRT are never tried unasked: the first has a fraction of CUDA's
 * speed, the second builds engines for minutes.
 */
export function providerCandidates(
  choice: ProviderChoice,
  platform: NodeJS.Platform = process.platform,
): readonly ExecutionProvider[] {
  if (choice !== 'auto') return [choice];
  return platform === 'darwin' ? ['coreml', 'cpu'] : ['cuda', 'cpu'];
}
