import { create } from '@bufbuild/protobuf';
import { timestampFromMs, timestampMs } from '@bufbuild/protobuf/wkt';
import { changed, ShareSchema, unchanged, VideoState } from '@cinematica/pipeline';
import type { Changed, Share, VideoRecord } from '@cinematica/pipeline';
import { Code, refuse } from '@cinematica/protocol';
import { ErrorReason } from '@cinematica/protocol/v1';
import { randomBytes, timingSafeEqual } from 'node:crypto';

/** The longest, and the default, duration of a share. Milliseconds. */
export const MAX_SHARE_MS = 30 * 86_400_000;
export const DEFAULT_SHARE_MS = 7 * 86_400_000;

/**
 * Shares a video. A video that is already shared keeps its link and gets a new expiry. A share never outlives the video.
 * @param duration milliseconds.
 * @throws RpcError FAILED_PRECONDITION for a video that is not DONE, or is deleted.
 */
export function shareVideo(record: VideoRecord, duration: number): Changed<undefined> {
  if (record.state !== VideoState.DONE || record.purgeTime) {
    const message = 'Only a video that is DONE can be shared.';
    throw refuse(Code.FAILED_PRECONDITION, ErrorReason.VIDEO_NOT_READY, message);
  }
  const videoExpiry = record.expireTime ? timestampMs(record.expireTime) : Infinity;
  const expireTime = timestampFromMs(Math.min(Date.now() + duration, videoExpiry));
  const currentId = isShared(record) ? record.share?.shareId : undefined;
  const shareId = currentId ?? randomBytes(16).toString('base64url');
  record.share = create(ShareSchema, { shareId, expireTime });
  return changed();
}

/** Ends the share of a video. Its link stops working, also after the video is shared again. */
export function unshareVideo(record: VideoRecord): Changed<undefined> {
  if (!record.share) return unchanged();
  delete record.share;
  return changed();
}

export const isShared = ({ share, purgeTime }: VideoRecord): boolean =>
  share?.expireTime !== undefined && timestampMs(share.expireTime) > Date.now() && !purgeTime;

/** Whether a link belongs to the current share of a video. */
export function isShareOf(record: VideoRecord, shareId: string): boolean {
  const [given, own] = [Buffer.from(shareId), Buffer.from(record.share?.shareId ?? '')];
  return isShared(record) && given.length === own.length && timingSafeEqual(given, own);
}

/** The path of the page that shows a shared video. */
export const sharePath = (videoId: string, { shareId }: Share): string => `/s/${videoId}.${shareId}`;

/** Parses the last segment of the path of a share; null when it is malformed. */
export function parseShare(share: string): { readonly videoId: string; readonly shareId: string } | null {
  const [, videoId, shareId] = /^([0-9a-f-]{36})\.([\w-]{22})$/.exec(share) ?? [];
  return videoId === undefined || shareId === undefined ? null : { videoId, shareId };
}
