import { identifyDevice, hasWebGpuAdapter } from '../devices/identify-device.ts';
import { ProviderUnavailableError, providerCandidates } from '../runtime/execution-provider.ts';
import type { ExecutionProvider, SkippedProvider } from '../runtime/execution-provider.ts';
import { RuntimeCrashedError } from '../runtime/runtime-errors.ts';
import { createRuntime } from '../runtime/runtime.ts';
import type { Runtime, RuntimeOptions } from '../runtime/runtime.ts';
import { atOnce, compareSpeeds } from './compare-speeds.ts';
import type { SpeedComparison, TakeTurn, TimedModel } from './compare-speeds.ts';
import { createFindingStore, notKept } from './finding-store.ts';
import type { FindingStore } from './finding-store.ts';
import { graphVersion, runtimeVersion } from './proof-version.ts';
import { prove } from './prove.ts';
import type { EmitterOfDevice, ProofOptions } from './prove.ts';
import { describeWrong, isLasting, verdictSchema } from './verdict.ts';
import type { Proof } from './verdict.ts';

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
  /** Default {@link atOnce}. */
  readonly takeTurn?: TakeTurn;
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

/**
 * The longest that a proof may take. On a GPU it takes seconds. It is less than a stage has to start, so that the reason is seen before
 * the stage is ended. Milliseconds.
 */
export const PROOF_MS = 180_000;

/**
 * Selects the execution provider, and opens a runtime with it. Each provider but the CPU is proved before it is used, unless that
 * was done on this device before. With `auto`, the fastest of those that are right computes.
 *
 * @throws {ProviderUnavailableError} when no selected provider works on this machine, or none is right
 */
export async function chooseRuntime(options: ChoiceOptions): Promise<Choice> {
  const { provider: wanted = 'auto', model } = options;
  const env = { ...process.env, ...options.env };
  const store = createFindingStore(options.cacheFolder ?? null);
  const skipped: SkippedProvider[] = [];
  const opened: Runtime[] = [];
  const usable: Runtime[] = [];
  const webgpu = wanted === 'auto' && (await hasWebGpuAdapter(env));
  try {
    for (const provider of providerCandidates(wanted, { webgpu })) {
      // The CPU is only needed when nothing else works, or as something to compare with.
      if (provider === 'cpu' && usable.length > 0 && model === undefined) break;
      try {
        const runtime = await (options.open ?? createRuntime)({ ...options, provider });
        opened.push(runtime);
        usable.push(provider === 'cpu' ? runtime : await proved(runtime, env, store, options));
      } catch (error) {
        if (error instanceof ProviderUnavailableError) skipped.push(...error.skipped);
        else if (error instanceof RuntimeCrashedError) skipped.push({ provider, reason: error.message });
        else throw error;
      }
    }
    const [first] = usable;
    if (first === undefined) throw new ProviderUnavailableError(skipped);
    const isChoice = usable.length > 1 && model !== undefined;
    const speeds = isChoice ? await compareSpeeds(usable, model, { ...options, env, store }) : null;
    const chosen = usable.find(({ provider }) => provider === speeds?.fastest) ?? first;
    await closeAll(opened.filter(({ provider }) => provider !== chosen.provider));
    return { runtime: { ...chosen, skipped }, speeds };
  } catch (error) {
    await closeAll(opened);
    throw error;
  }
}

const closeAll = (runtimes: readonly Runtime[]): Promise<unknown> =>
  Promise.all(runtimes.map((runtime) => runtime.close()));

/**
 * Returns the runtime without the operators that are wrong on its device.
 * @throws {ProviderUnavailableError} when it is wrong also without them, crashes or hangs
 */
async function proved(
  runtime: Runtime,
  env: NodeJS.ProcessEnv,
  store: FindingStore,
  options: ChoiceOptions,
): Promise<Runtime> {
  const { provider } = runtime;
  const { provider: wanted = 'auto', proof = 'require', report = () => undefined } = options;
  const { replaced, wrong, failures } = await verdictOf(runtime, env, store, options).catch((error: unknown) => {
    const isHang = error instanceof Error && error.name === 'TimeoutError';
    if (!isHang) throw error;
    throw new ProviderUnavailableError([{ provider, reason: `its proof took longer than ${PROOF_MS / 1000} s` }]);
  });
  if (replaced.length > 0) {
    const names = replaced.join(', ');
    report(
      failures.length === 0
        ? `${provider} computes without ${names}, which gave wrong numbers on this device`
        : `${provider} computes without ${names}, because with more operators ${describeWrong(failures.slice(0, 1))}`,
    );
  }
  if (wrong.length > 0) {
    const reason = describeWrong(wrong);
    const cure = wanted === 'auto' ? '' : '; PROVIDER_PROOF=warn uses it all the same';
    if (proof === 'require') throw new ProviderUnavailableError([{ provider, reason: `${reason}${cure}` }]);
    report(`${provider} is used although ${reason}`);
  }
  return { ...runtime, replaced: new Set(replaced) };
}

/**
 * Reads the verdict about a provider on this device, or proves it and keeps the verdict, unless a part could not be computed.
 * @throws {RuntimeCrashedError} and the reason of a timeout, which are not kept: their cause may go away
 */
async function verdictOf(
  runtime: Runtime,
  env: NodeJS.ProcessEnv,
  store: FindingStore,
  options: ChoiceOptions,
): Promise<Proof> {
  const { report = () => undefined, takeTurn = atOnce, open = createRuntime, threads } = options;
  const { provider } = runtime;
  const device = await (options.identify ?? identifyDevice)(provider, env);
  const key = device && { ...device, runtime: runtimeVersion(), graphs: graphVersion(provider) };
  const read = async (): Promise<Proof | null> => {
    const verdict = key && (await store.read(key, verdictSchema));
    return verdict && { ...verdict, failures: [] };
  };
  return (
    (await read()) ??
    takeTurn(async () => {
      // Another process may have proved it in the meantime.
      const kept = await read();
      if (kept) return kept;
      report(`${provider} computes small graphs, to compare its numbers with those of the CPU`);
      const reference = await open({ provider: 'cpu', ...(threads !== undefined && { threads }) });
      try {
        const proof = await prove(runtime, reference, { ...options, signal: AbortSignal.timeout(PROOF_MS) });
        const { replaced, wrong } = proof;
        if (key && isLasting(proof))
          await store.write(key, { replaced, wrong }).catch((error: unknown) => report(notKept(error)));
        return proof;
      } finally {
        await reference.close();
      }
    })
  );
}
