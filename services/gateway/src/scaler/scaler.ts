import { STAGES, stageName } from '@cinematica/pipeline';
import type { ModelRef, PipelineStage, QueueView, StageReports, VideoTable } from '@cinematica/pipeline';
import { refuseFields } from '@cinematica/protocol';
import type { ExternalScaler, ScaledObjectRef, ServiceHandlers } from '@cinematica/protocol';
import { setTimeout as delay } from 'node:timers/promises';

/** The metadata of a trigger in a ScaledObject. */
interface TriggerMetadata {
  readonly stage: PipelineStage;
  readonly model: Partial<ModelRef>;
  readonly tasksPerReplica: number;
}

/** The shortest interval between two checks of a stream. Starting a pod takes longer anyway. Milliseconds. */
const DEBOUNCE_MS = 500;

/**
 * Creates KEDA's external scaler. It reports how much work each stage has: the tasks, counted from the records, because
 * admission keeps the task queues short, and the calls of other services, which the stages report.
 *
 * The metadata of a trigger: `stage` is required (encode, denoise, decode or mux); `model` and `modelDigest` select a model,
 * default all models; `tasksPerReplica` is a positive number, default 1.
 */
export function createScaler(
  queue: Pick<QueueView, 'demand'>,
  table: Pick<VideoTable, 'subscribe'>,
  reports: Pick<StageReports, 'openCalls' | 'subscribe'>,
): ServiceHandlers<typeof ExternalScaler> {
  const demandOf = ({ stage, model }: TriggerMetadata) => queue.demand(stage, model) + reports.openCalls(stage, model);

  return {
    isActive: (ref) => ({ result: demandOf(readMetadata(ref)) > 0 }),

    async *streamIsActive(ref, { signal }) {
      const metadata = readMetadata(ref);
      let changed = Promise.withResolvers<null>();
      const subscriptions = [table, reports].map((each) => each.subscribe(() => changed.resolve(null)));
      const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      try {
        for (let last: boolean | null = null; !signal.aborted;) {
          changed = Promise.withResolvers();
          const active = demandOf(metadata) > 0;
          if (active !== last) yield { result: active };
          last = active;
          await Promise.race([changed.promise, aborted]);
          await delay(DEBOUNCE_MS, undefined, { signal }).catch(() => undefined);
        }
      } finally {
        for (const unsubscribe of subscriptions) unsubscribe();
      }
    },

    getMetricSpec(ref) {
      const { stage, tasksPerReplica } = readMetadata(ref);
      // KEDA before 2.13 reads only the integer.
      const targetSize = BigInt(Math.max(1, Math.round(tasksPerReplica)));
      return { metricSpecs: [{ metricName: metricOf(stage), targetSizeFloat: tasksPerReplica, targetSize }] };
    },

    getMetrics({ scaledObjectRef, metricName }) {
      const metadata = readMetadata(scaledObjectRef);
      const demand = demandOf(metadata);
      const value = { metricName: metricName || metricOf(metadata.stage), metricValueFloat: demand };
      return { metricValues: [{ ...value, metricValue: BigInt(demand) }] };
    },
  };
}

const metricOf = (stage: PipelineStage): string => `cinematica-${stageName(stage)}-demand`;

/** @throws RpcError INVALID_ARGUMENT that names the wrong key of the metadata. */
function readMetadata(ref: ScaledObjectRef | undefined): TriggerMetadata {
  const { stage: name = '', model, modelDigest, tasksPerReplica = '1' } = ref?.scalerMetadata ?? {};
  const stage = STAGES.find((each) => stageName(each) === name);
  if (stage === undefined)
    throw invalidKey('stage', `must be one of ${STAGES.map(stageName).join(', ')}, not “${name}”`);
  const target = Number(tasksPerReplica);
  if (!(target > 0 && target < Infinity))
    throw invalidKey('tasksPerReplica', `must be a number over 0, not “${tasksPerReplica}”`);
  return {
    stage,
    model: { ...(model && { name: model }), ...(modelDigest && { digest: modelDigest }) },
    tasksPerReplica: target,
  };
}

const invalidKey = (key: string, description: string) => refuseFields([{ field: `metadata.${key}`, description }]);
