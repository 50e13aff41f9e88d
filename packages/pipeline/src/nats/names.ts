import { Lifetime, PipelineStage } from '../domain/messages.ts';
import type { ModelRef } from '../domain/model-ref.ts';
import { bucketName, stageName } from '../domain/stages.ts';

// Every name that the pipeline uses in NATS. Clients, the provisioner and the permission lists take them from here.

/** The key-value bucket of the records, and its stream. */
export const RECORDS_BUCKET = 'videos';
export const RECORDS_STREAM = `KV_${RECORDS_BUCKET}`;
/** The key-value bucket of the leases. It is separate so that watchers of the records do not receive every renewal. */
export const LEASES_BUCKET = 'leases';
export const DEAD_LETTER_STREAM = 'DEAD';
export const PREVIEW_STREAM = 'PREVIEWS';
export const CANARY_STREAM = 'CANARY';
/** The work queue of the webhooks that are due. */
export const WEBHOOK_STREAM = 'WEBHOOKS';
export const WEBHOOK_CONSUMER = 'deliver';

export const workStream = (stage: PipelineStage): string => `WORK_${stageName(stage)}`;
/** There is one consumer for each stage and model. Muxing is the same for all models and has one consumer. */
export const workConsumer = (stage: PipelineStage, { name, digest }: ModelRef): string =>
  stage === PipelineStage.MUX ? 'mux' : `${stageName(stage)}-${name}-${digest}`;
/** The filter subject of a stage's consumer for one model. */
export const workFilter = (stage: PipelineStage, { name, digest }: ModelRef): string =>
  stage === PipelineStage.MUX ? 'work.mux.>' : `work.${stageName(stage)}.${name}.${digest}.>`;
export const workSubject = (
  stage: PipelineStage,
  { name, digest }: ModelRef,
  videoId: string,
  segment: number,
): string => `work.${stageName(stage)}.${name}.${digest}.${videoId}.${segment}`;

export const deadLetterSubject = (stage: PipelineStage, videoId: string): string =>
  `dead.${stageName(stage)}.${videoId}`;
/** @param index the webhook's position in the record. */
export const webhookSubject = (videoId: string, index: number): string => `webhook.${videoId}.${index}`;
export const webhookDeadLetterSubject = (videoId: string): string => `dead.webhook.${videoId}`;
export const nudgeSubject = (videoId: string): string => `nudge.${videoId}`;
export const previewSubject = (videoId: string): string => `preview.${videoId}`;
export const canarySubject = (service: string): string => `canary.${service}`;

export const bucketStream = (lifetime: Lifetime): string => `OBJ_${bucketName(lifetime)}`;

/**
 * The streams that a backup contains; everything else can be made again from them. The records come first: a record refers to
 * objects that were stored before it, so the snapshots of the objects, which are taken later, contain them unless
 * the video was deleted in between.
 */
export const BACKUP_STREAMS = [RECORDS_STREAM, ...[Lifetime.PHOTO, Lifetime.MEDIA].map(bucketStream)];

// The subjects of NATS' object store (ADR-20).

/** The prefix of the subjects of the metadata of all objects; the rest is the name in padded base64url. */
export const metadataPrefix = (lifetime: Lifetime): string => `$O.${bucketName(lifetime)}.M.`;
export const metadataSubject = (lifetime: Lifetime, name: string): string =>
  metadataPrefix(lifetime) + Buffer.from(name).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
export const chunkPrefix = (lifetime: Lifetime): string => `$O.${bucketName(lifetime)}.C.`;
/** The subject of all chunks of an object. @param nuid from its metadata. */
export const chunkSubject = (lifetime: Lifetime, nuid: string): string => chunkPrefix(lifetime) + nuid;

/** Parts of a key come from callers. No other character may reach a subject. */
const TOKEN = /^[A-Za-z0-9_-]{1,64}$/;

/** A value cannot be part of a key. */
export class InvalidKeyError extends Error {
  override readonly name = 'InvalidKeyError';
}

function token(what: string, value: string): string {
  if (!TOKEN.test(value)) {
    throw new InvalidKeyError(`the ${what} must be 1 to 64 letters, digits, hyphens and underscores`);
  }
  return value;
}

/** @throws InvalidKeyError, as the other keys below. */
export const videoKey = (owner: string, videoId: string): string =>
  `v.${token('owner', owner)}.${token('video id', videoId)}`;
export const ownerKeys = (owner: string): string => `v.${token('owner', owner)}.*`;
export const requestKey = (owner: string, requestId: string): string =>
  `r.${token('owner', owner)}.${token('request id', requestId)}`;
export const quotaKey = (owner: string): string => `q.${token('owner', owner)}`;
/** A request of a device to be notified when a video ends. @param device a digest of the device's endpoint. */
export const notificationKey = (owner: string, videoId: string, device: string): string =>
  `n.${token('owner', owner)}.${token('video id', videoId)}.${token('device', device)}`;
/** The keys of several such requests. */
export const notificationKeys = (owner?: string, videoId?: string, device?: string): string =>
  `n.${owner ? token('owner', owner) : '*'}.${videoId ? token('video id', videoId) : '*'}.${device ?? '*'}`;
export const leaseKey = (role: string): string => `lease.${token('role', role)}`;
export const QUEUE_STATE_KEY = 'd.queue';
/** The id of the installation, in the bucket of the leases, which is in no backup. */
export const INSTALLATION_KEY = 'installation';
