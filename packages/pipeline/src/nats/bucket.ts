import { jetstream } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import type { KV } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import type { PipelineSettings } from '../domain/settings.ts';
import { withTranslatedErrors } from './errors.ts';

/**
 * Opens a key-value bucket that the provisioner has created.
 * @throws UnavailableError
 */
export function openBucket(
  nats: NatsConnection,
  name: string,
  { REQUEST_TIMEOUT_MS: timeout }: Pick<PipelineSettings, 'REQUEST_TIMEOUT_MS'>,
): Promise<KV> {
  return withTranslatedErrors(`opening the bucket ${name}`, () => new Kvm(jetstream(nats, { timeout })).open(name));
}

/** Opens a bucket on first use, so that a client can be created while NATS is unreachable. A failed attempt is retried. */
export function lazyBucket(...[nats, name, settings]: Parameters<typeof openBucket>): () => Promise<KV> {
  let opened: Promise<KV> | null = null;
  return () => {
    opened ??= openBucket(nats, name, settings).catch((error: unknown) => {
      opened = null;
      throw error;
    });
    return opened;
  };
}
