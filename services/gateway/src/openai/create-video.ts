import { create } from '@bufbuild/protobuf';
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { StoredRecord } from '@cinematica/pipeline';
import { UnknownVideoError } from '@cinematica/pipeline';
import { CreateVideoRequestSchema } from '@cinematica/protocol/v1';
import type { ModelCard } from '@cinematica/svd';
import { v5, validate } from 'uuid';
import type { Caller } from '../callers/authenticate.ts';
import { checkRequest } from '../videos/create-batch.ts';
import type { VideoOperations } from '../videos/operations.ts';
import { nameOf } from '../videos/to-video.ts';
import { adjustmentsOf } from './adjustments.ts';
import { ApiError } from './api-error.ts';
import { UploadedFile } from './body/uploaded-file.ts';
import { without } from './fields.ts';
import { fromOpenAiId } from './ids.ts';
import { readParams } from './read-params.ts';
import { readPhoto } from './read-photo.ts';
import type { Adjustment } from './schema/answers.ts';
import { createRequest, extendRequest, remixRequest } from './schema/create-request.ts';
import type { VideoParams } from './schema/create-request.ts';
import { settingsOf } from './video-settings.ts';
import type { Settings } from './video-settings.ts';

/** The dependencies of creating videos. All of them are required. */
export interface CreateParts {
  readonly operations: VideoOperations;
  /** Its sizes and defaults apply. */
  readonly card: ModelCard;
  /** The settings of a video, as `VideoService` returns them. */
  readonly settingsOf: (stored: StoredRecord) => Settings;
}

/** A request for a video. */
export interface CreateCall {
  readonly caller: Caller;
  /** The fields of the body. */
  readonly fields: Record<string, unknown>;
  /** The header `idempotency-key`; null for none. */
  readonly idempotencyKey: string | null;
  readonly signal: AbortSignal;
}

/** A new video, and what it has instead of the values of its request. */
export interface Created {
  readonly stored: StoredRecord;
  readonly adjustments: readonly Adjustment[];
}

/** `POST /v1/videos` @throws ApiError, and what `VideoOperations.create` throws. */
export async function createFromPhoto(parts: CreateParts, call: CreateCall): Promise<Created> {
  const { file, fields } = takeFile(call.fields);
  const params = readParams(createRequest, fields);
  const settings = settingsOf(params, parts.card);
  return createVideo(parts, call, params, { source: readPhoto({ file, params }), settings });
}

/** `POST /v1/videos/{video_id}/remix` @throws ApiError, and what `VideoOperations.create` throws. */
export async function createRemix(parts: CreateParts, call: CreateCall, id: string): Promise<Created> {
  const params = readParams(remixRequest, call.fields);
  const source = await readSource(parts, call, id);
  const settings = settingsOf(params, parts.card, parts.settingsOf(source));
  return createVideo(parts, call, params, {
    source: { case: 'video', value: nameOf(source.record.videoId) },
    settings,
  });
}

/** `POST /v1/videos/extensions` @throws ApiError, and what `VideoOperations.create` throws. */
export async function createExtension(parts: CreateParts, call: CreateCall): Promise<Created> {
  const { video, ...params } = readParams(extendRequest, call.fields);
  const source = await readSource(parts, call, typeof video === 'string' ? video : video.id);
  // The last frame shows what the crop selected already.
  const settings = settingsOf(params, parts.card, without(parts.settingsOf(source), 'crop'));
  const value = nameOf(source.record.videoId);
  return createVideo(parts, call, params, { source: { case: 'continueFrom', value }, settings });
}

async function createVideo(
  { operations }: CreateParts,
  { caller, idempotencyKey, signal }: CreateCall,
  params: VideoParams,
  fields: Pick<MessageInitShape<typeof CreateVideoRequestSchema>, 'source' | 'settings'>,
): Promise<Created> {
  const request = create(CreateVideoRequestSchema, {
    ...fields,
    callbackUrl: params.callback_url ?? '',
    requestId: requestIdOf(idempotencyKey),
  });
  checkRequest(request);
  const stored = await operations.create(caller, request, signal);
  const { plan } = stored.record;
  return { stored, adjustments: plan ? adjustmentsOf(params, plan) : [] };
}

/** Separates the file of a form from its other fields. */
function takeFile(fields: Record<string, unknown>): { file: UploadedFile | null; fields: Record<string, unknown> } {
  const { input_reference: photo, ...others } = fields;
  return photo instanceof UploadedFile ? { file: photo, fields: others } : { file: null, fields };
}

/** The video that a new one is made from. @throws UnknownVideoError when it is deleted, or belongs to another caller. */
async function readSource({ operations }: CreateParts, { caller }: CreateCall, id: string): Promise<StoredRecord> {
  const videoId = fromOpenAiId(id);
  const stored = videoId === null ? null : await operations.get({ owner: caller.owner, videoId });
  if (!stored || stored.record.purgeTime) throw new UnknownVideoError('there is no such video');
  return stored;
}

/** The namespace of the UUIDs that stand for idempotency keys (RFC 9562, section 5.5). */
const KEY_NAMESPACE = '0197c1a4-6c1e-5d0b-9f4e-3b1b5f6a7c8d';
const MAX_KEY_LENGTH = 255;

/** The request id that stands for an idempotency key: the key itself if it is a UUID, so that both APIs know the same request. */
function requestIdOf(key: string | null): string {
  if (key === null || key === '') return '';
  if (key.length > MAX_KEY_LENGTH) {
    const message = `The header idempotency-key must have at most ${MAX_KEY_LENGTH} characters.`;
    throw new ApiError(400, 'invalid_value', message, 'idempotency-key');
  }
  return validate(key) ? key : v5(key, KEY_NAMESPACE);
}
