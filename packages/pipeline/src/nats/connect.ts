import { setSha256Backend } from '@nats-io/obj';
import { connect, credsAuthenticator } from '@nats-io/transport-node';
import type { NatsConnection } from '@nats-io/transport-node';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';

/** A connection to NATS, for programs that pass it on without using NATS themselves. */
export type { NatsConnection };

/** The environment variables that tell a service how to connect to NATS. */
export const natsSettingsSchema = z.object({
  NATS_URL: z.string().min(1),
  NATS_USER: z.string().min(1).optional(),
  NATS_PASSWORD: z.string().min(1).optional(),
  /** The path of a credentials file, used instead of user and password. */
  NATS_CREDENTIALS: z.string().min(1).optional(),
});

export type NatsSettings = z.output<typeof natsSettingsSchema>;

/** NATS is unreachable, or it rejects the credentials. */
export class NatsConnectionError extends Error {
  override readonly name = 'NatsConnectionError';
}

/**
 * Connects a service to NATS. A connection that is lost later is re-established without limit. The first connection is
 * attempted once, so that wrong settings are reported immediately.
 * @param service the name of the connection, and of the inbox, which is the only one that the service may subscribe to.
 * @throws NatsConnectionError with a one-line message that names the setting.
 */
export async function connectNats(service: string, settings: NatsSettings): Promise<NatsConnection> {
  const { NATS_URL, NATS_USER, NATS_PASSWORD, NATS_CREDENTIALS } = settings;
  setSha256Backend('native');
  try {
    return await connect({
      servers: NATS_URL.split(','),
      name: service,
      inboxPrefix: `_INBOX_${service}`,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 250,
      reconnectJitter: 250,
      // A server with a full disk accepts requests and never answers. Two unanswered pings end the connection.
      pingInterval: 5_000,
      maxPingOut: 2,
      ...(NATS_USER === undefined ? {} : { user: NATS_USER }),
      ...(NATS_PASSWORD === undefined ? {} : { pass: NATS_PASSWORD }),
      ...(NATS_CREDENTIALS === undefined
        ? {}
        : { authenticator: credsAuthenticator(await readFile(NATS_CREDENTIALS)) }),
    });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const refused = /authori[sz]ation|authentication/i.test(`${cause instanceof Error ? cause.name : ''} ${reason}`);
    throw new NatsConnectionError(
      refused
        ? `NATS at NATS_URL=${NATS_URL} refuses the credentials: check NATS_USER and NATS_PASSWORD`
        : `can't reach NATS at NATS_URL=${NATS_URL}: ${reason}`,
      { cause },
    );
  }
}
