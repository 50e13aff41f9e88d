import { STAGES, stageName } from '@cinematica/pipeline';
import type { ModelRef, QueueView, Stage, VideoTable } from '@cinematica/pipeline';
import { refuseFields } from '@cinematica/protocol';
import type { ExternalScaler, ScaledObjectRef, ServiceHandlers } from '@cinematica/protocol';
import { setTimeout as delay } from 'node:timers/promises';

/** What a ScaledObject says about what it scales. */
interface Scaled {
  readonly stage: Stage;
  readonly model: Partial<ModelRef>;
  readonly tasksPerReplica: number;
}

/** Changes are gathered for so long, milliseconds: KEDA wakes a stage that sleeps, and that takes minutes. */
const GATHER_MS = 500;

/**
 * KEDA's external scaler: how much there is to do for each stage, counted from the records. The queues themselves are
 * kept shallow, and would not tell.
 *
 * A trigger's metadata: `stage` (encode, denoise, decode or mux); `model` and `modelDigest`, left out for all of them;
 * `tasksPerReplica`, 1 unless given, which need not be whole.
 */
export function createScaler(
  queue: Pick<QueueView, 'demand'>,
  table: Pick<VideoTable, 'subscribe'>,
): ServiceHandlers<typeof ExternalScaler> {
  const demandOf = ({ stage, model }: Scaled) => queue.demand(stage, model);

  return {
    isActive: (ref) => ({ result: demandOf(readScaled(ref)) > 0 }),

    async *streamIsActive(ref, { signal }) {
      const scaled = readScaled(ref);
      let changed = Promise.withResolvers<null>();
      const end = table.subscribe(() => changed.resolve(null));
      const left = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      try {
        for (let told: boolean | null = null; !signal.aborted;) {
          changed = Promise.withResolvers();
          const active = demandOf(scaled) > 0;
          if (active !== told) yield { result: active };
          told = active;
          await Promise.race([changed.promise, left]);
          await delay(GATHER_MS, undefined, { signal }).catch(() => undefined);
        }
      } finally {
        end();
      }
    },

    getMetricSpec(ref) {
      const { stage, tasksPerReplica } = readScaled(ref);
      // Those before 2.13 read whole numbers only.
      const targetSize = BigInt(Math.max(1, Math.round(tasksPerReplica)));
      return { metricSpecs: [{ metricName: metricOf(stage), targetSizeFloat: tasksPerReplica, targetSize }] };
    },

    getMetrics({ scaledObjectRef, metricName }) {
      const scaled = readScaled(scaledObjectRef);
      const demand = demandOf(scaled);
      const value = { metricName: metricName || metricOf(scaled.stage), metricValueFloat: demand };
      return { metricValues: [{ ...value, metricValue: BigInt(demand) }] };
    },
  };
}

const metricOf = (stage: Stage): string => `cinematica-${stageName(stage)}-demand`;

/** @throws RpcError INVALID_ARGUMENT that names what is wrong, for whoever wrote the ScaledObject */
function readScaled(ref: ScaledObjectRef | undefined): Scaled {
  const { stage: name = '', model, modelDigest, tasksPerReplica = '1' } = ref?.scalerMetadata ?? {};
  const stage = STAGES.find((each) => stageName(each) === name);
  if (stage === undefined) throw wrong('stage', `must be one of ${STAGES.map(stageName).join(', ')}, not “${name}”`);
  const target = Number(tasksPerReplica);
  if (!(target > 0 && target < Infinity))
    throw wrong('tasksPerReplica', `must be a number over 0, not “${tasksPerReplica}”`);
  return {
    stage,
    model: { ...(model && { name: model }), ...(modelDigest && { digest: modelDigest }) },
    tasksPerReplica: target,
  };
}

const wrong = (key: string, description: string) => refuseFields([{ field: `metadata.${key}`, description }]);
