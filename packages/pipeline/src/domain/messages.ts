/** The generated messages of `cinematica.internal.v1`, re-exported so that one import path serves the whole package. */
export { ArtifactSchema, ArtifactStore, Lifetime } from '../gen/cinematica/internal/v1/artifact_pb.ts';
export type { Artifact } from '../gen/cinematica/internal/v1/artifact_pb.ts';
export {
  LeaseSchema,
  NotificationRequestSchema,
  QueueStateSchema,
  QuotaRecordSchema,
  RequestRecordSchema,
  StageReportSchema,
} from '../gen/cinematica/internal/v1/control_pb.ts';
export type {
  Lease,
  NotificationRequest,
  QueueState,
  QuotaRecord,
  RequestRecord,
  StageReport,
} from '../gen/cinematica/internal/v1/control_pb.ts';
export {
  DeadLetterSchema,
  PreviewSchema,
  TaskSchema,
  WebhookTaskSchema,
} from '../gen/cinematica/internal/v1/task_pb.ts';
export type { DeadLetter, Preview, Task, WebhookTask } from '../gen/cinematica/internal/v1/task_pb.ts';
export {
  CheckpointSchema,
  FailureReason,
  FailureSchema,
  ForecastSchema,
  PhotoOriginSchema,
  PipelineStage,
  PlanSchema,
  ShareSchema,
  TaskNotice,
  TaskRecordSchema,
  TaskState,
  VideoRecordSchema,
  VideoState,
  WebhookRecordSchema,
  WebhookState,
} from '../gen/cinematica/internal/v1/video_record_pb.ts';
export type {
  Checkpoint,
  Failure,
  Forecast,
  PhotoOrigin,
  Plan,
  Share,
  TaskRecord,
  VideoRecord,
  WebhookRecord,
} from '../gen/cinematica/internal/v1/video_record_pb.ts';
