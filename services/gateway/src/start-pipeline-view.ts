import {
  createEstimator,
  createNudges,
  createObjectArtifacts,
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
  /** Estimates when a video will be done. */
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
  cleanup: AsyncDisposableStack,
): Promise<PipelineView> {
  const records = await openRecords(nats, config);
  const table = cleanup.use(await openVideoTable(nats, config, log));
  const { requests, quotaStore } = await openAdmissionPorts(nats, config);
  const previews = await openPreviews(nats, config);
  cleanup.defer(() => previews.close());
  const queue = createQueueView(table);
  cleanup.defer(() => queue.close());
  const estimator = createEstimator(table);
  cleanup.defer(() => estimator.close());
  const videosByOwner = indexVideosByOwner(table);
  cleanup.defer(() => videosByOwner.close());
  const reports = await openStageReports(nats, config);
  cleanup.defer(() => reports.close());
  return {
    records,
    requests,
    quotaStore,
    artifacts: createObjectArtifacts(nats, config),
    nudges: createNudges(nats),
    previews,
    reports,
    table,
    queue,
    videosByOwner,
    estimateOf({ record }) {
      const position = queue.position(record.videoId);
      return { position, seconds: estimator.seconds(record, position) };
    },
  };
}
