import { z } from 'zod';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { identifyDevice } from '../devices/identify-device.ts';
import { GraphError, RuntimeCrashedError } from '../runtime/runtime-errors.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { notKept } from './finding-store.ts';
import type { FindingStore } from './finding-store.ts';
import { graphVersion, runtimeVersion } from './proof-version.ts';
import { emitterOfDevice } from './prove.ts';
import type { EmitterOfDevice } from './prove.ts';
import { NotTimedError, timedShape, timeStep } from './time-step.ts';

/** Runs what needs the whole machine. */
export type TakeTurn = <T>(run: () => Promise<T>) => Promise<T>;

/** Does not wait for other processes. */
export const atOnce: TakeTurn = (run) => run();

/** The model whose step is timed. */
export interface TimedModel {
  readonly checkpoint: Checkpoint;
  readonly digest: string;
}

const PROVIDERS = ['cuda', 'tensorrt', 'webgpu', 'coreml', 'cpu'] as const;

const comparisonSchema = z.object({
  fastest: z.enum(PROVIDERS),
  shape: z.object({ frames: z.number(), height: z.number(), width: z.number() }),
  /** Seconds of a step, or why it was not timed. */
  steps: z.array(z.object({ provider: z.enum(PROVIDERS), seconds: z.union([z.number(), z.string()]) })),
});

/** How long each provider takes for a step of a model. `shape` is that of the latents. */
export type SpeedComparison = z.output<typeof comparisonSchema>;

interface ComparisonOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly store: FindingStore;
  readonly threads?: number;
  readonly identify?: typeof identifyDevice;
  readonly createEmitter?: EmitterOfDevice;
  readonly report?: (line: string) => void;
  readonly takeTurn?: TakeTurn;
}

/** The longest that the step of one provider may take, with loading the model. Milliseconds. */
const TIMED_MS = 120_000;

/**
 * Times a step of a model with each runtime, unless that was done on this machine before. If none can be timed, the first one
 * counts as the fastest.
 */
export async function compareSpeeds(
  runtimes: readonly Runtime[],
  { checkpoint, digest }: TimedModel,
  options: ComparisonOptions,
): Promise<SpeedComparison> {
  const { env, store, threads = 0, report = () => undefined, takeTurn = atOnce } = options;
  const { identify = identifyDevice, createEmitter = emitterOfDevice } = options;
  const devices = await Promise.all(runtimes.map(({ provider }) => identify(provider, env)));
  const graphs = runtimes.map(({ provider, replaced }) => [graphVersion(provider), ...replaced]);
  const key = devices.includes(null) ? null : { devices, digest, threads, runtime: runtimeVersion(), graphs };
  const read = async () => key && (await store.read(key, comparisonSchema));
  return (
    (await read()) ??
    takeTurn(async () => {
      // Another process may have timed them in the meantime.
      const kept = await read();
      if (kept) return kept;
      const shape = timedShape(checkpoint);
      const steps: SpeedComparison['steps'] = [];
      for (const runtime of runtimes) {
        report(`${runtime.provider} computes a step of the model, to find the fastest provider`);
        steps.push({
          provider: runtime.provider,
          seconds: await timeOrReason(runtime, checkpoint, shape, createEmitter),
        });
      }
      const timed = steps.flatMap(({ provider, seconds }) =>
        typeof seconds === 'number' ? [{ provider, seconds }] : [],
      );
      const [fastest = runtimes[0]!] = timed.toSorted((a, b) => a.seconds - b.seconds);
      const comparison = { fastest: fastest.provider, shape, steps };
      if (key && isLasting(comparison))
        await store.write(key, comparison).catch((error: unknown) => report(notKept(error)));
      return comparison;
    })
  );
}

/**
 * Whether the comparison will be the same the next time. Why a GPU was not timed, such as a lack of memory, may go away. A CPU that
 * was not timed changes nothing.
 */
const isLasting = ({ steps }: SpeedComparison): boolean =>
  steps.every(({ provider, seconds }) => provider === 'cpu' || typeof seconds === 'number');

async function timeOrReason(
  runtime: Runtime,
  checkpoint: Checkpoint,
  shape: SpeedComparison['shape'],
  createEmitter: EmitterOfDevice,
): Promise<number | string> {
  const { provider, replaced } = runtime;
  const signal = AbortSignal.timeout(TIMED_MS);
  try {
    return await timeStep(runtime, checkpoint, shape, createEmitter(provider, replaced), signal);
  } catch (error) {
    const isSlow = error instanceof Error && error.name === 'TimeoutError';
    const expected = [GraphError, RuntimeCrashedError, NotTimedError].some((each) => error instanceof each);
    if (isSlow) return `it takes longer than ${TIMED_MS / 1000} s`;
    if (!expected || !(error instanceof Error)) throw error;
    return error.message;
  }
}

/** Such as `a step takes 0.012 s with cuda, 62 × as long with cpu`. */
export function describeSpeeds({ fastest, steps }: SpeedComparison): string {
  const best = steps.find(({ provider }) => provider === fastest)?.seconds;
  const own = typeof best === 'number' ? `a step takes ${Number(best.toPrecision(2))} s with ${fastest}` : fastest;
  const others = steps.filter(({ provider }) => provider !== fastest);
  const compared = others.map(({ provider, seconds }) =>
    typeof seconds === 'number' && typeof best === 'number'
      ? `${Number((seconds / best).toPrecision(2))} × as long with ${provider}`
      : `${provider} was not timed: ${seconds}`,
  );
  return [own, ...compared].join(', ');
}
