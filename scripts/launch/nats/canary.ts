import { DiscardPolicy, jetstreamManager, RetentionPolicy, StorageType } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { randomUUID } from 'node:crypto';
import { LAUNCHER_STREAM, LAUNCHER_SUBJECT, inboxPrefix } from '@cinematica/pipeline/nats-access';

export interface NatsAccess {
  readonly url: string;
  readonly user: string | undefined;
  readonly password: string | undefined;
}

/**
 * Writes a message to the server's disk and reads it back. The server's own health check succeeds even when its disk is
 * full.
 *
 * @param timeoutMs the time limit of each request
 * @returns whether it succeeded
 */
export async function sendCanary({ url, user, password }: NatsAccess, timeoutMs: number): Promise<boolean> {
  try {
    const connection = await connect({
      servers: url.split(','),
      name: 'launcher',
      inboxPrefix: inboxPrefix('launcher'),
      timeout: timeoutMs,
      reconnect: false,
      ...(user === undefined ? {} : { user }),
      ...(password === undefined ? {} : { pass: password }),
    });
    try {
      const manager = await jetstreamManager(connection, { timeout: timeoutMs });
      await manager.streams.add({
        name: LAUNCHER_STREAM,
        subjects: [LAUNCHER_SUBJECT],
        storage: StorageType.File,
        retention: RetentionPolicy.Limits,
        discard: DiscardPolicy.Old,
        max_msgs: 1,
      });
      const sent = randomUUID();
      const { seq } = await manager.jetstream().publish(LAUNCHER_SUBJECT, sent, { timeout: timeoutMs });
      const found = await manager.streams.getMessage(LAUNCHER_STREAM, { seq });
      return found?.string() === sent;
    } finally {
      await connection.close();
    }
  } catch {
    return false;
  }
}
