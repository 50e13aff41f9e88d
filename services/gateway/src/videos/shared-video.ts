import { create } from '@bufbuild/protobuf';
import { timestampMs } from '@bufbuild/protobuf/wkt';
import type { VideoTable } from '@cinematica/pipeline';
import { MediaKind, SharedVideoSchema } from '@cinematica/protocol/v1';
import type { SharedVideo } from '@cinematica/protocol/v1';
import { mediaFiles, toMedia } from '../media/media-files.ts';
import type { MediaLinks } from '../media/media-links.ts';
import { isShareOf, parseShare } from './share.ts';

const SHARED_KINDS: readonly MediaKind[] = [MediaKind.MP4, MediaKind.POSTER, MediaKind.CARD];

/**
 * The public view of a shared video: its mp4, poster and card, without the photo and the settings.
 * @param share the part of the link after `/s/`.
 * @returns null when there is no such share, or it has ended.
 */
export function sharedVideo(
  { videos }: Pick<VideoTable, 'videos'>,
  links: MediaLinks,
  share: string,
): SharedVideo | null {
  const parsed = parseShare(share);
  const record = parsed && videos.get(parsed.videoId)?.record;
  if (!parsed || !record?.plan || !isShareOf(record, parsed.shareId)) return null;
  const { plan, share: current, createTime } = record;
  const until = Math.floor(timestampMs(current!.expireTime!) / 1000);
  const files = mediaFiles(record).filter(({ kind }) => SHARED_KINDS.includes(kind));
  const { width, height } = files.find(({ kind }) => kind === MediaKind.MP4) ?? plan;
  return create(SharedVideoSchema, {
    media: files.map((file) => toMedia(file, links.shared({ ...parsed, file: file.name, until }), until)),
    size: { width, height },
    expireTime: current!.expireTime!,
    ...(createTime && { createTime }),
  });
}
