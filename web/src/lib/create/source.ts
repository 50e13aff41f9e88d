import { MediaKind } from '@cinematica/protocol/v1';
import type { Video } from '@cinematica/protocol/v1';
import { pickMedia } from '#lib/api/media.ts';
import type { toSettings } from './choices.ts';
import type { ReadPhoto } from './read-photo.ts';
import { recentPhoto } from './recent-photo.ts';
import type { Picture } from './recent-photo.ts';
import type { VideoRequest } from './send-request.ts';

/** What a new video is made from. */
export type Source =
  /** A photo that the user has chosen. */
  | { readonly kind: 'photo'; readonly picture: ReadPhoto }
  /** The photo of an existing video. */
  | { readonly kind: 'video'; readonly picture: Picture; readonly video: Video }
  /** The last frame of an existing video. `picture` is the video file. */
  | { readonly kind: 'continue'; readonly picture: Picture; readonly video: Video };

/** An existing video as a source; undefined if the file that is needed does not exist. */
export function videoSource(video: Video, kind: 'video' | 'continue'): Exclude<Source, { kind: 'photo' }> | undefined {
  const media = pickMedia(video, kind === 'continue' ? MediaKind.MP4 : MediaKind.PHOTO);
  if (!media) return undefined;
  return { kind, picture: (kind === 'continue' ? undefined : recentPhoto(video.name)) ?? media, video };
}

/** The request for a video that is made from this source. */
export async function toRequest(source: Source, settings: ReturnType<typeof toSettings>): Promise<VideoRequest> {
  switch (source.kind) {
    case 'photo': {
      const value = new Uint8Array(await source.picture.blob.arrayBuffer());
      return { source: { case: 'image', value }, settings };
    }
    case 'video':
      return { source: { case: 'video', value: source.video.name }, settings };
    case 'continue':
      return { source: { case: 'continueFrom', value: source.video.name }, settings };
  }
}
