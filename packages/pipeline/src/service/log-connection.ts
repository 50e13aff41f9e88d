import type { NatsConnection } from '@nats-io/transport-node';
import type { Log } from '../log.ts';

/**
 * Says when NATS goes away and comes back, and what it refuses: nobody waits for a publish without an answer, so that
 * this is the only place where a missing permission for one shows.
 */
export function logConnection(nats: NatsConnection, log: Log): void {
  async function follow(): Promise<void> {
    for await (const status of nats.status()) {
      if (status.type === 'disconnect') log.warn('NATS went away');
      if (status.type === 'reconnect') log.info('NATS is back');
      if (status.type === 'error') log.error('NATS refuses something', status.error);
    }
  }
  follow().catch((error: unknown) => log.error('NATS is no longer watched', error));
}
