import type { NatsConnection } from '@nats-io/transport-node';
import type { Log } from '../telemetry/log.ts';

/**
 * Logs when the connection is lost and re-established, and what the server rejects. A publish without an acknowledgement
 * reports no error to its caller, so a missing permission for it shows only here.
 */
export function logConnection(nats: NatsConnection, log: Log): void {
  async function follow(): Promise<void> {
    for await (const status of nats.status()) {
      if (status.type === 'disconnect') log.warn('disconnected from NATS');
      if (status.type === 'reconnect') log.info('reconnected to NATS');
      if (status.type === 'error') log.error('NATS rejected an operation', status.error);
    }
  }
  follow().catch((error: unknown) => log.error('the connection to NATS is no longer monitored', error));
}
