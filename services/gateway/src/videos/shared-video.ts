import { create } from '@bufbuild/protobuf';
import { timestampMs } from '@bufbuild/protobuf/wkt';
import type { VideoTable } from '@cinematica/pipeline';
import { MediaKind, SharedVideoSchema } from '@cinematica/protocol/v1';
import type { SharedVideo } from '@cinematica/protocol/v1';
import { mediaFiles, toMedia } from '../media/media-files.ts';
import type { MediaLinks } from '../media/media-links.ts';
import { isShareOf, parseShare } from './share.ts';

const SHOWN: readonly MediaKind[] = [MediaKind.MP4, MediaKind.POSTER];

/**
 * What a share shows to whoever has its link.
 *
 * @param share what follows `/s/` in the link.
 * @returns null where there is no such share, or no longer
 */
export function sharedVideo(
  { videos }: Pick<VideoTable, 'videos'>,
  links: MediaLinks,
  share: string,
): SharedVideo | null {
  const parsed = parseShare(share);
  const record = parsed && videos.get(parsed.videoId)?.record;
  if (!parsed || !record?.plan || !isShareOf(record, parsed.shareId)) return null;
  const { plan, share: own, createTime } = record;
  const until = Math.floor(timestampMs(own!.expireTime!) / 1000);
  const files = mediaFiles(record).filter(({ kind }) => SHOWN.includes(kind));
  const { width, height } = files.find(({ kind }) => kind === MediaKind.MP4) ?? plan;
  return create(SharedVideoSchema, {
    media: files.map((file) => toMedia(file, links.shared({ ...parsed, file: file.name, until }), until)),
    size: { width, height },
    expireTime: own!.expireTime!,
    ...(createTime && { createTime }),
  });
}
