import { identifyDevice, hasWebGpuAdapter } from '../devices/identify-device.ts';
import { ProviderUnavailableError, providerCandidates } from '../runtime/execution-provider.ts';
import type { ExecutionProvider, SkippedProvider } from '../runtime/execution-provider.ts';
import { RuntimeCrashedError } from '../runtime/runtime-errors.ts';
import { createRuntime } from '../runtime/runtime.ts';
import type { Runtime, RuntimeOptions } from '../runtime/runtime.ts';
import { compareSpeeds } from './compare-speeds.ts';
import type { SpeedComparison, TimedModel } from './compare-speeds.ts';
import { createFindingStore } from './finding-store.ts';
import type { FindingStore } from './finding-store.ts';
import { graphVersion, runtimeVersion } from './proof-version.ts';
import { prove } from './prove.ts';
import type { EmitterOfDevice, ProofOptions } from './prove.ts';
import { describeWrong, verdictSchema } from './verdict.ts';
import type { Verdict } from './verdict.ts';

/** What happens with a provider that gives wrong numbers: it is refused, or used with a warning. */
export type ProofPolicy = 'require' | 'warn';

export interface ChoiceOptions extends RuntimeOptions {
  /** The model that `auto` compares the speeds of providers with. Default: the first provider that is right is used. */
  readonly model?: TimedModel;
  /** Where the findings about devices are kept; null to keep nothing. Default null. */
  readonly cacheFolder?: string | null;
  /** Default `require`. */
  readonly proof?: ProofPolicy;
  /** Called before something that takes seconds, and for what the user should know. One line without a period. */
  readonly report?: (line: string) => void;
  /** Runs what needs the whole machine, such as a proof. Default: at once. */
  readonly takeTurn?: <T>(run: () => Promise<T>) => Promise<T>;
  /** Opens a runtime with one provider. Default {@link createRuntime}. */
  readonly open?: (options: RuntimeOptions & { readonly provider: ExecutionProvider }) => Promise<Runtime>;
  /** Names a device for the findings about it. Default {@link identifyDevice}. */
  readonly identify?: typeof identifyDevice;
  /** Default {@link emitterOfDevice}. */
  readonly createEmitter?: EmitterOfDevice;
  /** The parts that are proved. Default: all. */
  readonly parts?: ProofOptions['parts'];
}

export interface Choice {
  /** Its `skipped` are also the providers that give wrong numbers. */
  readonly runtime: Runtime;
  /** How fast each provider was; null when there was nothing to compare. */
  readonly speeds: SpeedComparison | null;
}

/** The longest that a proof may take. On a GPU it takes seconds; software that draws like one takes minutes. Milliseconds. */
const PROOF_MS = 600_000;

/**
 * Selects the execution provider, and opens a runtime with it. Each provider but the CPU is proved before it is used, unless that
 * was done on this device before. With `auto`, the fastest of those that are right computes.
 *
 * @throws {ProviderUnavailableError} when no selected provider works on this machine, or none is right
 * @throws {RuntimeCrashedError} when the only candidate crashes
 */
export async function chooseRuntime(options: ChoiceOptions): Promise<Choice> {
  const { provider: wanted = 'auto', report = () => undefined, open = createRuntime, env } = options;
  const childEnv = { ...process.env, ...env };
  const webgpu = wanted === 'auto' && (await hasWebGpuAdapter(childEnv));
  const candidates = providerCandidates(wanted, { webgpu });
  const store = createFindingStore(options.cacheFolder ?? null);
  const skipped: SkippedProvider[] = [];
  const usable: Runtime[] = [];

  const skip = (provider: ExecutionProvider, reason: string) => void skipped.push({ provider, reason });
  for (const provider of candidates) {
    // The CPU is only needed when nothing else works, or as something to compare with.
    if (provider === 'cpu' && usable.length > 0 && options.model === undefined) break;
    const runtime = await openOrSkip(provider);
    if (runtime === null) continue;
    if (provider === 'cpu') {
      usable.push(runtime);
      continue;
    }
    try {
      const verdict = await verdictOf(runtime, childEnv, store, options);
      if (verdict.replaced.length > 0) {
        report(`${provider} computes without ${verdict.replaced.join(', ')}, which gave wrong numbers on this device`);
      }
      if (verdict.wrong.length > 0) {
        const reason = describeWrong(verdict.wrong);
        if (options.proof !== 'warn') {
          await runtime.close();
          skip(provider, wanted === 'auto' ? reason : `${reason}; PROVIDER_PROOF=warn uses it all the same`);
          continue;
        }
        report(`${provider} is used although ${reason}`);
      }
      usable.push({ ...runtime, replaced: new Set(verdict.replaced) });
    } catch (error) {
      await runtime.close();
      throw error;
    }
  }

  async function openOrSkip(provider: ExecutionProvider): Promise<Runtime | null> {
    try {
      return await open({ ...options, provider });
    } catch (error) {
      if (error instanceof ProviderUnavailableError) skipped.push(...error.skipped);
      else if (!(error instanceof RuntimeCrashedError) || candidates.length === 1) throw error;
      else skip(provider, error.message);
      return null;
    }
  }

  const [first, ...others] = usable;
  if (first === undefined) throw new ProviderUnavailableError(skipped);
  const speeds =
    others.length > 0 && options.model !== undefined
      ? await compareSpeeds(usable, options.model, { ...options, env: childEnv, store })
      : null;
  const chosen = usable.find(({ provider }) => provider === speeds?.fastest) ?? first;
  await Promise.all(usable.filter((runtime) => runtime !== chosen).map((runtime) => runtime.close()));
  return { runtime: { ...chosen, skipped }, speeds };
}

/** Reads the verdict about a provider on this device, or proves it and keeps the verdict. */
async function verdictOf(
  runtime: Runtime,
  env: NodeJS.ProcessEnv,
  store: FindingStore,
  {
    report = () => undefined,
    takeTurn = (run) => run(),
    open = createRuntime,
    identify = identifyDevice,
    ...options
  }: ChoiceOptions,
): Promise<Verdict> {
  const { provider } = runtime;
  const device = await identify(provider, env);
  const key = device && { ...device, runtime: runtimeVersion(), graphs: graphVersion(provider) };
  const known = key && (await store.read(key, verdictSchema));
  if (known) return known;
  return takeTurn(async () => {
    // Another process may have proved it in the meantime.
    const kept = key && (await store.read(key, verdictSchema));
    if (kept) return kept;
    report(`${provider} computes small graphs, to compare its numbers with those of the CPU`);
    const reference = await open({ ...options, provider: 'cpu' });
    try {
      const signal = AbortSignal.timeout(PROOF_MS);
      const verdict = await prove(runtime, reference, { ...options, signal });
      if (key) await store.write(key, verdict).catch((error: unknown) => report(`the verdict is not kept: ${error}`));
      return verdict;
    } catch (error) {
      // A crash or a hang may have a cause that goes away, so it is not kept.
      const isHang = error instanceof Error && error.name === 'TimeoutError';
      if (!(error instanceof RuntimeCrashedError) && !isHang) throw error;
      return { replaced: [], wrong: [{ part: 'attention', error: error.message }] };
    } finally {
      await reference.close();
    }
  });
}
