import { clone, create } from '@bufbuild/protobuf';
import { VideoSettingsSchema } from '@cinematica/protocol/v1';
import type { Range, Video } from '@cinematica/protocol/v1';
import { api as gateway } from '#lib/api/client.ts';
import type { Api } from '#lib/api/client.ts';
import { rememberPhoto, recentPhoto } from './recent-photo.ts';
import { sendRequest, withRequestId } from './send-request.ts';
import type { IdempotentRequest, VideoRequest } from './send-request.ts';

/** How a new video differs from the video that it is made from. */
export type VariationKind =
  /** Not at all, seed included: for a video that failed or was cancelled. */
  | 'retry'
  /** Another seed. */
  | 'seed'
  /** Another seed and more motion. */
  | 'motion'
  /** It continues from the last frame. */
  | 'continue'
  /** This video and those that it continues, as one file. */
  | 'join';

/** Requests that the gateway has not accepted yet, by video and kind: another try sends the same request again. */
const pending = new Map<string, IdempotentRequest>();

export interface VariationOptions {
  readonly api?: Pick<Api, 'createVideo' | 'getCapabilities'>;
  readonly signal?: AbortSignal;
}

/**
 * Creates a variation of a video. While the gateway is unreachable, it waits and retries.
 *
 * @returns the new video
 * @throws ConnectError if the gateway refuses the request; another call then sends the same request again
 */
export async function createVariation(
  video: Video,
  kind: VariationKind,
  { api = gateway, signal = new AbortController().signal }: VariationOptions = {},
): Promise<Video> {
  const key = `${video.name} ${kind}`;
  const request =
    pending.get(key) ?? withRequestId(variationRequest(video, kind, await motionRange(api, kind, signal)));
  pending.set(key, request);
  const created = await sendRequest(request, { api }, signal);
  pending.delete(key);
  const photo = kind === 'continue' || kind === 'join' ? undefined : recentPhoto(video.name);
  if (photo) rememberPhoto(created.name, photo);
  return created;
}

async function motionRange(api: Pick<Api, 'getCapabilities'>, kind: VariationKind, signal: AbortSignal) {
  if (kind !== 'motion') return undefined;
  const { capabilities } = await api.getCapabilities({}, { signal });
  return capabilities?.limits?.motionBucketId;
}

/**
 * The request for a variation.
 *
 * @param video with its resolved settings, as the gateway returns it
 * @param range the limits of `motion_bucket_id`; 1…255 by default
 */
export function variationRequest({ name, settings, joined }: Video, kind: VariationKind, range?: Range): VideoRequest {
  if (kind === 'join') return { source: { case: 'join', value: name } };
  const lastPart = joined.at(-1);
  // A joined video is not made by the model: its parts are joined again.
  if (kind === 'retry' && lastPart !== undefined) return { source: { case: 'join', value: lastPart } };
  const continued = kind === 'continue';
  const wanted = clone(VideoSettingsSchema, settings ?? create(VideoSettingsSchema));
  if (kind !== 'retry') delete wanted.seed;
  // The last frame already has the video's shape, so there is nothing to crop.
  if (continued) delete wanted.crop;
  if (kind === 'motion' && wanted.motionBucketId !== undefined) {
    wanted.motionBucketId = increaseMotion(wanted.motionBucketId, range);
  }
  return {
    source: continued ? { case: 'continueFrom', value: name } : { case: 'video', value: name },
    settings: wanted,
  };
}

/** Whether a new video can have more motion than this one. */
export function canMoveMore({ settings }: Pick<Video, 'settings'>): boolean {
  const amount = settings?.motionBucketId;
  return amount === undefined || increaseMotion(amount) > amount;
}

/** A visible step up: half as much again, at least a quarter of the range, at most `max`. */
export function increaseMotion(
  motionBucketId: number,
  { min, max }: Pick<Range, 'min' | 'max'> = { min: 1, max: 255 },
): number {
  return Math.min(max, Math.round(Math.max(motionBucketId * 1.5, motionBucketId + (max - min) / 4)));
}
