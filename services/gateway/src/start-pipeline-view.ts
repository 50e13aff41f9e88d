import {
  createEstimator,
  createNudges,
  openArtifacts,
  createQueueView,
  openAdmissionPorts,
  openPreviews,
  openRecords,
  openStageReports,
  openVideoTable,
} from '@cinematica/pipeline';
import type {
  AdmissionPorts,
  Artifacts,
  Estimator,
  Log,
  NatsConnection,
  Nudges,
  Previews,
  QueueView,
  Records,
  StageReports,
  StoredRecord,
  VideoTable,
} from '@cinematica/pipeline';
import type { Config } from './config.ts';
import { REFERENCE_SPEED } from '@cinematica/svd';
import type { LoadedModel } from './videos/resolve-plan.ts';
import { indexVideosByOwner } from './videos/videos-by-owner.ts';
import type { VideosByOwner } from './videos/videos-by-owner.ts';
import type { QueueEstimate } from './videos/progress.ts';

/** The records and artifacts of the pipeline, and what the gateway derives from all records: queue, estimates, owners. */
export interface PipelineView extends AdmissionPorts {
  readonly records: Records;
  readonly artifacts: Artifacts;
  readonly nudges: Nudges;
  readonly previews: Previews;
  readonly reports: StageReports;
  /** All records, kept up to date by a watch. */
  readonly table: VideoTable;
  readonly queue: QueueView;
  readonly videosByOwner: VideosByOwner;
  /** Estimates how long videos take. */
  readonly estimator: Estimator;
  /** The place of a video in the queue, and how long it takes. */
  readonly estimateOf: (stored: StoredRecord) => QueueEstimate;
}

/**
 * Opens the view. It is complete when the promise resolves: the table holds every record.
 * @param cleanup receives what closes the view.
 * @throws UnavailableError when NATS does not answer or has not been provisioned.
 */
export async function startPipelineView(
  nats: NatsConnection,
  config: Config,
  log: Log,
  model: LoadedModel,
  cleanup: AsyncDisposableStack,
): Promise<PipelineView> {
  const records = await openRecords(nats, config);
  const table = cleanup.use(await openVideoTable(nats, config, log));
  const { requests, quotaStore } = await openAdmissionPorts(nats, config);
  const previews = await openPreviews(nats, config);
  cleanup.defer(() => previews.close());
  const queue = createQueueView(table);
  cleanup.defer(() => queue.close());
  const videosByOwner = indexVideosByOwner(table);
  cleanup.defer(() => videosByOwner.close());
  const reports = await openStageReports(nats, config);
  cleanup.defer(() => reports.close());
  const estimator = createEstimator({
    table,
    waiting: () => queue.order(),
    workOf: model.workOf,
    slowness() {
      const speed = reports.speed(model.ref);
      return speed === null ? null : REFERENCE_SPEED / speed;
    },
    shared: config.SHARED_CORES,
    settings: config,
  });
  cleanup.defer(() => estimator.close());
  return {
    records,
    requests,
    quotaStore,
    artifacts: await openArtifacts(nats, config),
    nudges: createNudges(nats),
    previews,
    reports,
    table,
    queue,
    videosByOwner,
    estimator,
    estimateOf({ record }) {
      const position = queue.position(record.videoId);
      return { position, estimate: estimator.estimate(record) };
    },
  };
}
