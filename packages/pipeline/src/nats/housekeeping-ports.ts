import type { NatsConnection } from '@nats-io/transport-node';
import type { HousekeepingOptions } from '../domain/housekeeping/options.ts';
import type { PipelineSettings } from '../domain/settings.ts';
import type { Log } from '../telemetry/log.ts';
import { createLeases } from './leases.ts';
import { createMaintenance } from './maintenance.ts';
import { createQueueTurns } from './queue-turns.ts';
import { connectionStatus } from './watch-connection.ts';
import { createWebhookQueue } from './webhook-queue.ts';

/** Creates what only the housekeeper uses. Nothing is requested from NATS before it is needed. */
export const createHousekeepingPorts = (
  nats: NatsConnection,
  settings: Pick<PipelineSettings, 'REQUEST_TIMEOUT_MS' | 'PULL_EXPIRES_MS'>,
  log: Log,
): Pick<HousekeepingOptions, 'leases' | 'turns' | 'webhooks' | 'maintenance' | 'connection'> => ({
  leases: createLeases(nats, settings),
  turns: createQueueTurns(nats, settings),
  webhooks: createWebhookQueue(nats, settings, log),
  maintenance: createMaintenance(nats, settings),
  connection: connectionStatus(nats),
});
