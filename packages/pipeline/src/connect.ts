import { setSha256Backend } from '@nats-io/obj';
import { connect, credsAuthenticator } from '@nats-io/transport-node';
import type { NatsConnection } from '@nats-io/transport-node';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';

/** How a service reaches NATS, as environment variables. */
export const natsSettingsSchema = z.object({
  NATS_URL: z.string().min(1),
  NATS_USER: z.string().min(1).optional(),
  NATS_PASSWORD: z.string().min(1).optional(),
  /** A credentials file in place of user and password. */
  NATS_CREDENTIALS: z.string().min(1).optional(),
});

export type NatsSettings = z.output<typeof natsSettingsSchema>;

/** NATS can't be reached, or refuses the credentials. */
export class NatsConnectionError extends Error {
  override readonly name = 'NatsConnectionError';
}

/**
 * Connects a service. A connection that was there once is sought again for ever; the first one is not, so that wrong
 * settings show at once.
 * @param service its name: of the connection and of its inbox, which is the only one that it may listen to.
 * @throws NatsConnectionError in one line that names the setting.
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
      // Two silent pings are a dead connection: behind a full disk the server takes requests and never answers.
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
