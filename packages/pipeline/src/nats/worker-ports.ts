import type { NatsConnection } from '@nats-io/transport-node';
import type { WorkerPorts } from '../domain/ports/worker-ports.ts';
import type { PipelineSettings } from '../domain/settings.ts';
import type { Log } from '../telemetry/log.ts';
import { createObjectArtifacts } from './artifacts.ts';
import { createNudges } from './nudges.ts';
import { createPreviewPublisher } from './previews.ts';
import { openRecords } from './records.ts';
import { createTaskQueue } from './task-queue.ts';
import { connectionStatus } from './watch-connection.ts';

/**
 * Opens everything on NATS that a worker uses.
 * @throws UnavailableError
 */
export async function openWorkerPorts(
  nats: NatsConnection,
  settings: PipelineSettings,
  log: Log,
): Promise<WorkerPorts> {
  return {
    records: await openRecords(nats, settings),
    artifacts: createObjectArtifacts(nats, settings),
    tasks: createTaskQueue(nats, settings, log),
    nudges: createNudges(nats),
    previews: createPreviewPublisher(nats),
    connection: connectionStatus(nats),
  };
}
