import { clone, create } from '@bufbuild/protobuf';
import { VideoSettingsSchema } from '@cinematica/protocol/v1';
import type { Range, Video } from '@cinematica/protocol/v1';
import { api as gateway } from '#lib/api/client.ts';
import type { Api } from '#lib/api/client.ts';
import { rememberPhoto, recentPhoto } from './recent-photo.ts';
import { createOrder, sendOrder } from './send.ts';
import type { Order, Wish } from './send.ts';

/** How another video is made from one that there is. */
export type AgainHow =
  /** As it was, seed included: for one that did not come to its end. */
  | 'same'
  /** The same photo and settings, another seed. */
  | 'seed'
  /** The same photo, and more of it moves. */
  | 'motion'
  /** On from its last frame. */
  | 'continue';

/** What was asked for and not accepted yet, so that asking again does not make a second one. */
const open = new Map<string, Order>();

/**
 * Has another video made, with nothing more to choose. Waits for a connection where there is none.
 *
 * @returns the new one
 * @throws ConnectError where the gateway refuses it; the same again is then still the same order
 */
export async function again(
  video: Video,
  how: AgainHow,
  { api = gateway, signal = new AbortController().signal }: AgainOptions = {},
): Promise<Video> {
  const key = `${video.name} ${how}`;
  const order = open.get(key) ?? createOrder(againWish(video, how, await motionRange(api, how, signal)));
  open.set(key, order);
  const made = await sendOrder(order, { api }, signal);
  open.delete(key);
  const photo = how === 'continue' ? undefined : recentPhoto(video.name);
  if (photo) rememberPhoto(made.name, photo);
  return made;
}

export interface AgainOptions {
  readonly api?: Pick<Api, 'createVideo' | 'getCapabilities'>;
  readonly signal?: AbortSignal;
}

async function motionRange(api: Pick<Api, 'getCapabilities'>, how: AgainHow, signal: AbortSignal) {
  if (how !== 'motion') return undefined;
  const { capabilities } = await api.getCapabilities({}, { signal });
  return capabilities?.limits?.motionBucketId;
}

/**
 * What is sent for another video.
 *
 * @param video whose settings are filled in, as the system returns it
 * @param motion the limits of `motion_bucket_id`
 */
export function againWish({ name, settings }: Video, how: AgainHow, motion?: Range): Wish {
  const continued = how === 'continue';
  const wish = clone(VideoSettingsSchema, settings ?? create(VideoSettingsSchema));
  if (how !== 'same') delete wish.seed;
  // The last frame has the video's shape: there is nothing to cut off.
  if (continued) delete wish.crop;
  if (how === 'motion' && wish.motionBucketId !== undefined) {
    wish.motionBucketId = moreMotion(wish.motionBucketId, motion);
  }
  return {
    source: continued ? { case: 'continueFrom', value: name } : { case: 'video', value: name },
    settings: wish,
  };
}

/** A clear step up: half as much again, at least a quarter of the whole range, never over its end. */
export function moreMotion(now: number, { min, max }: Pick<Range, 'min' | 'max'> = { min: 1, max: 255 }): number {
  return Math.min(max, Math.round(Math.max(now * 1.5, now + (max - min) / 4)));
}

/** What a link to the create screen asks for. */
export type Wanted = { readonly how: 'shared' } | { readonly how: Exclude<AgainHow, 'same'>; readonly name: string };

/** Reads such a link; undefined where it asks for nothing. */
export function wantedOf(params: Pick<URLSearchParams, 'get'>): Wanted | undefined {
  if (params.get('photo') === 'shared') return { how: 'shared' };
  const [from, on] = [params.get('from'), params.get('continue')];
  if (on !== null) return { how: 'continue', name: `videos/${on}` };
  if (from === null) return undefined;
  return { how: params.get('motion') === 'more' ? 'motion' : 'seed', name: `videos/${from}` };
}
