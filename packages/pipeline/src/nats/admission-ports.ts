import { jetstream } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { QuotaStore } from '../domain/ports/quota-store.ts';
import type { Requests } from '../domain/ports/requests.ts';
import type { PipelineSettings } from '../domain/settings.ts';
import { openBucket } from './bucket.ts';
import { RECORDS_BUCKET } from './names.ts';
import { createQuotaStore } from './quota-store.ts';
import { createRequests } from './requests.ts';

/** What the admission of videos needs beside the records. */
export interface AdmissionPorts {
  readonly requests: Requests;
  readonly quotaStore: QuotaStore;
}

/** @throws UnavailableError */
export async function openAdmissionPorts(
  nats: NatsConnection,
  settings: Pick<PipelineSettings, 'REQUEST_TIMEOUT_MS'>,
): Promise<AdmissionPorts> {
  const bucket = await openBucket(nats, RECORDS_BUCKET, settings);
  const client = jetstream(nats, { timeout: settings.REQUEST_TIMEOUT_MS });
  return { requests: createRequests(bucket, client), quotaStore: createQuotaStore(bucket, client) };
}
