import type { NatsConnection } from '@nats-io/transport-node';
import { randomUUID } from 'node:crypto';
import { UnavailableError } from '../domain/errors.ts';
import type { Installation } from '../domain/ports/installation.ts';
import type { PipelineSettings } from '../domain/settings.ts';
import { lazyBucket, openBucket } from './bucket.ts';
import { isRevisionConflict, withTranslatedErrors } from './errors.ts';
import { INSTALLATION_KEY, LEASES_BUCKET } from './names.ts';

type Timeout = Pick<PipelineSettings, 'REQUEST_TIMEOUT_MS'>;

/**
 * Gives an installation its id.
 * @param isNew whether its records are made anew. Then it gets another id: what is in S3 belongs to the records that there were
 *   before. Otherwise an id that it has is kept.
 * @throws UnavailableError
 */
export async function writeInstallationId(nats: NatsConnection, settings: Timeout, isNew: boolean): Promise<void> {
  const bucket = await openBucket(nats, LEASES_BUCKET, settings);
  const write = () => bucket.put(INSTALLATION_KEY, randomUUID(), isNew ? {} : { previousSeq: 0 });
  await withTranslatedErrors('giving the installation an id', write).catch((error: unknown) => {
    if (!isRevisionConflict(error)) throw error;
  });
}

/** The id is read each time, since NATS may be lost and made anew while a service runs. */
export function openInstallation(nats: NatsConnection, settings: Timeout): Installation {
  const open = lazyBucket(nats, LEASES_BUCKET, settings);
  return {
    async id() {
      const bucket = await open();
      // Whatever the reason is, nothing is known about the installation, and that may change.
      const entry = await bucket.get(INSTALLATION_KEY).catch((cause: unknown) => {
        throw new UnavailableError(`NATS did not tell the id of this installation: ${String(cause)}`, { cause });
      });
      if (entry?.operation === 'PUT') return entry.string();
      throw new UnavailableError('this installation has no id in NATS: run the provisioner of this version');
    },
  };
}
