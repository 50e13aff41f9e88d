import type { WorkerPorts } from '../domain/ports/worker-ports.ts';
import type { PipelineSettings } from '../domain/settings.ts';
import type { Log } from '../telemetry/log.ts';
import type { NatsConnection } from '../nats/connect.ts';
import { createNudges } from '../nats/nudges.ts';
import { createPreviewPublisher } from '../nats/previews.ts';
import { openRecords } from '../nats/records.ts';
import { createTaskQueue } from '../nats/task-queue.ts';
import { connectionStatus } from '../nats/watch-connection.ts';
import { openArtifacts } from './artifacts.ts';

/**
 * Opens everything that a worker uses: on NATS, and the store of artifacts.
 * @throws UnavailableError; Error that names S3_CA_FILE when the file cannot be read.
 */
export async function openWorkerPorts(
  nats: NatsConnection,
  settings: PipelineSettings,
  log: Log,
): Promise<WorkerPorts> {
  return {
    records: await openRecords(nats, settings),
    artifacts: await openArtifacts(nats, settings),
    tasks: createTaskQueue(nats, settings, log),
    nudges: createNudges(nats),
    previews: createPreviewPublisher(nats),
    connection: connectionStatus(nats),
  };
}
