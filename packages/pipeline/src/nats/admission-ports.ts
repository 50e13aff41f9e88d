import type { NatsConnection } from '@nats-io/transport-node';
import type { QuotaStore } from '../domain/ports/quotas.ts';
import type { Requests } from '../domain/ports/requests.ts';
import type { PipelineSettings } from '../domain/settings.ts';
import { openBucket } from './bucket.ts';
import { RECORDS_BUCKET } from './names.ts';
import { createQuotaStore } from './quotas.ts';
import { openRequests } from './requests.ts';

/**
 * Opens what the creation of videos needs beside the records.
 * @throws UnavailableError
 */
export async function openAdmissionPorts(
  nats: NatsConnection,
  settings: Pick<PipelineSettings, 'REQUEST_TIMEOUT_MS'>,
): Promise<{ readonly requests: Requests; readonly quotas: QuotaStore }> {
  const bucket = await openBucket(nats, RECORDS_BUCKET, settings);
  return { requests: openRequests(bucket), quotas: createQuotaStore(bucket) };
}
