export { createVideo, createVideos } from './domain/admission/create-video.ts';
export type {
  Admission,
  Created,
  CreateVideoOptions,
  PreparedVideo,
  Taken,
  VideoRequest,
} from './domain/admission/create-video.ts';
export { OverLimitError } from './domain/admission/over-limit-error.ts';
export { createQuotas } from './domain/admission/quotas.ts';
export type { QuotaLimits, Quotas } from './domain/admission/quotas.ts';
export { createQueueView } from './domain/admission/queue-view.ts';
export type { QueueView } from './domain/admission/queue-view.ts';
export { isNoSpace, NoSpaceError, StorageFullError, UnavailableError } from './domain/errors.ts';
export { createEstimator } from './domain/estimate/estimator.ts';
export type { Estimator, EstimatorOptions, VideoEstimate } from './domain/estimate/estimator.ts';
export { stepsOf, taskSeconds } from './domain/estimate/stage-seconds.ts';
export { countLateWebhooks } from './domain/housekeeping/queue-webhooks.ts';
export type { HousekeepingOptions } from './domain/housekeeping/options.ts';
export * from './domain/messages.ts';
export type { ModelRef } from './domain/model-ref.ts';
export { timestampUrlSchema } from './domain/outbound/outbound-settings.ts';
export { firstTokenSchema, tokensSchema } from './domain/token-settings.ts';
export { checkOutboundUrl, hostOf, notPublic, OutboundRefusedError } from './domain/outbound/outbound-url.ts';
export type { OutboundRules } from './domain/outbound/outbound-url.ts';
export { isPublicAddress } from './domain/outbound/public-address.ts';
export { MissingArtifactError } from './domain/ports/artifacts.ts';
export type { Artifacts } from './domain/ports/artifacts.ts';
export type { NotificationRequests } from './domain/ports/notification-requests.ts';
export type { Nudges } from './domain/ports/nudges.ts';
export type { Previews } from './domain/ports/previews.ts';
export { changed, unchanged, UnknownVideoError } from './domain/ports/records.ts';
export type { Change, Changed, Records, Revision, StoredRecord, Updated, VideoRef } from './domain/ports/records.ts';
export { RequestConflictError } from './domain/ports/requests.ts';
export type { Requests } from './domain/ports/requests.ts';
export type { StageReports } from './domain/ports/stage-reports.ts';
export type { Delivery, QueueConsumer, TaskQueue } from './domain/ports/task-queue.ts';
export { SnapshotError } from './domain/ports/stream-backups.ts';
export type { StreamBackups, StreamDescription, StreamSize } from './domain/ports/stream-backups.ts';
export type { TableChange, VideoTable } from './domain/ports/video-table.ts';
export type { WebhookQueue } from './domain/ports/webhook-queue.ts';
export { pipelineSettings, pipelineSettingsSchema } from './domain/settings.ts';
export type { PipelineSettings } from './domain/settings.ts';
export {
  backupVolume,
  bucketLimit,
  expectedMediaBytes,
  FREE_SHARE,
  storageTotals,
  VIDEO_MIB,
} from './domain/storage-sizes.ts';
export { bucketName, LIFETIMES, stageName, STAGES } from './domain/stages.ts';
export type { StageName } from './domain/stages.ts';
export { CARD_SIZE, evenSize, fileShape, timelineOf } from './domain/video/file-shape.ts';
export { frameIntervalOf, modelFrames, modelRate } from './domain/video/model-frames.ts';
export type { FileShape, Timeline } from './domain/video/file-shape.ts';
export { dueTasks, findTask, isActive, isTerminal } from './domain/video/routing.ts';
export type { TaskRef } from './domain/video/routing.ts';
export { cancelVideo, deleteVideo, undeleteVideo } from './domain/video/video-changes.ts';
export { createBoundedQueue, SlowReaderError } from './domain/watch/bounded-queue.ts';
export { recordWebhookAttempt } from './domain/webhooks/webhook-changes.ts';
export type { WebhookOutcome } from './domain/webhooks/webhook-changes.ts';
export { webhookEvent } from './domain/webhooks/webhook-event.ts';
export type { WebhookEvent } from './domain/webhooks/webhook-event.ts';
export { watchVideo } from './domain/watch/watch-video.ts';
export type { WatchEvent, WatchOptions } from './domain/watch/watch-video.ts';
export { openAdmissionPorts } from './nats/admission-ports.ts';
export type { AdmissionPorts } from './nats/admission-ports.ts';
export { startCanary } from './nats/canary.ts';
export type { Canary } from './nats/canary.ts';
export { connectNats, NatsConnectionError, natsSettingsSchema } from './nats/connect.ts';
export type { NatsConnection, NatsSettings } from './nats/connect.ts';
export { createHousekeepingPorts } from './nats/housekeeping-ports.ts';
export * from './nats/names.ts';
export { createNotificationRequests } from './nats/notification-requests.ts';
export { createNudges } from './nats/nudges.ts';
export { openPreviews } from './nats/previews.ts';
export { provision, ProvisionError } from './nats/provision.ts';
export { openRecords } from './nats/records.ts';
export { readStorageUse } from './nats/storage-use.ts';
export type { StreamUse } from './nats/storage-use.ts';
export { openStageReports } from './nats/stage-reports.ts';
export { openStreamBackups, streamDescriptionSchema } from './nats/stream-backups.ts';
export { createTaskQueue, decodeDeadLetter } from './nats/task-queue.ts';
export { openVideoTable } from './nats/video-table.ts';
export { createWebhookQueue } from './nats/webhook-queue.ts';
export { openArtifacts } from './storage/artifacts.ts';
export { startStorageCheck } from './storage/storage-check.ts';
export type { StorageCheck } from './storage/storage-check.ts';
export { takeOverS3Prefix } from './storage/take-over-s3-prefix.ts';
export { openWorkerPorts } from './storage/worker-ports.ts';
export { runAsLeader } from './process/housekeeping/leadership.ts';
export { runHousekeeper } from './process/housekeeping/housekeeper.ts';
export { STEP_ALLOWANCE } from './process/worker/progress-deadline.ts';
export { createComputeSlot } from './process/worker/compute-slot.ts';
export type { ComputeSlot } from './process/worker/compute-slot.ts';
export {
  DrainingError,
  OutOfMemoryError,
  StageError,
  StageHungError,
  StalledError,
  UnusableInputError,
} from './process/worker/stage-errors.ts';
export type {
  DecodedPreview,
  Inputs,
  SavedState,
  StageHandler,
  StageHooks,
  StageTask,
} from './process/worker/stage-handler.ts';
export type { WorkerOptions } from './process/worker/worker-options.ts';
export { WORKER_STATES } from './process/worker/worker-state.ts';
export type { WorkerState } from './process/worker/worker-state.ts';
export { startWorker } from './process/worker/worker.ts';
export type { Worker } from './process/worker/worker.ts';
export { createLog, describeError } from './telemetry/log.ts';
export type { Log, LogFields, LogOptions } from './telemetry/log.ts';
export { createMetrics } from './telemetry/metrics.ts';
export type { Metrics } from './telemetry/metrics.ts';
export { startTracing } from './telemetry/start-tracing.ts';
export { telemetrySettingsSchema } from './telemetry/telemetry-settings.ts';
export { inServerSpan, inSpan } from './telemetry/trace.ts';
export { VERSION } from './version.ts';
