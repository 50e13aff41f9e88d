import { create } from '@bufbuild/protobuf';
import { timestampFromMs, timestampMs } from '@bufbuild/protobuf/wkt';
import { changed, ShareSchema, unchanged, VideoState } from '@cinematica/pipeline';
import type { Changed, Share, VideoRecord } from '@cinematica/pipeline';
import { Code, refuse } from '@cinematica/protocol';
import { ErrorReason } from '@cinematica/protocol/v1';
import { randomBytes, timingSafeEqual } from 'node:crypto';

/** How long a link can be shared for at most, and is where nothing is said: milliseconds. */
export const MAX_SHARE_MS = 30 * 86_400_000;
export const DEFAULT_SHARE_MS = 7 * 86_400_000;

/**
 * Shares a video: the same link with another expiry where it is shared already. Never for longer than the video is kept.
 *
 * @throws RpcError FAILED_PRECONDITION for one that is not DONE
 */
export function shareVideo(record: VideoRecord, duration: number): Changed<undefined> {
  if (record.state !== VideoState.DONE || record.purgeTime) {
    const message = 'Only a video that is DONE can be shared.';
    throw refuse(Code.FAILED_PRECONDITION, ErrorReason.VIDEO_NOT_READY, message);
  }
  const kept = record.expireTime ? timestampMs(record.expireTime) : Infinity;
  const expireTime = timestampFromMs(Math.min(Date.now() + duration, kept));
  const old = isShared(record) ? record.share?.shareId : undefined;
  const shareId = old ?? randomBytes(16).toString('base64url');
  record.share = create(ShareSchema, { shareId, expireTime });
  return changed();
}

/** Ends the sharing of a video. */
export function unshareVideo(record: VideoRecord): Changed<undefined> {
  if (!record.share) return unchanged();
  delete record.share;
  return changed();
}

export const isShared = ({ share, purgeTime }: VideoRecord): boolean =>
  share?.expireTime !== undefined && timestampMs(share.expireTime) > Date.now() && !purgeTime;

/** Whether a link's share is the one that the video has now. */
export function isShareOf(record: VideoRecord, shareId: string): boolean {
  const [given, own] = [Buffer.from(shareId), Buffer.from(record.share?.shareId ?? '')];
  return isShared(record) && given.length === own.length && timingSafeEqual(given, own);
}

/** The page that shows a shared video. */
export const sharePath = (videoId: string, { shareId }: Share): string => `/s/${videoId}.${shareId}`;

/** What the end of such a path names, or null where it is none. */
export function parseShare(share: string): { readonly videoId: string; readonly shareId: string } | null {
  const [, videoId, shareId] = /^([0-9a-f-]{36})\.([\w-]{22})$/.exec(share) ?? [];
  return videoId === undefined || shareId === undefined ? null : { videoId, shareId };
}
