import type { Media, MediaKind, Video } from '@cinematica/protocol/v1';
import { timestampMs } from '@bufbuild/protobuf/wkt';

/** Links are renewed this long before they expire. Milliseconds. */
const RENEWAL_MARGIN_MS = 60_000;

/** The video's file of the first of these kinds that it has. */
export function pickMedia(video: Video, ...kinds: readonly MediaKind[]): Media | undefined {
  for (const kind of kinds) {
    const found = video.media.find((media) => media.kind === kind);
    if (found) return found;
  }
  return undefined;
}

/** A link that saves the file instead of showing it. */
export function downloadUrl({ url }: Pick<Media, 'url'>): string {
  return `${url}${url.includes('?') ? '&' : '?'}download`;
}

/**
 * How long until the links of these videos should be renewed with `GetVideo` or `ListVideos`.
 *
 * @returns milliseconds from `now`, at least 0; undefined if the videos have no links that expire
 */
export function msUntilRenewal(videos: readonly Video[], now = Date.now()): number | undefined {
  const times = videos.flatMap(({ media }) => media.map(({ expireTime }) => expireTime && timestampMs(expireTime)));
  const first = Math.min(...times.filter((time) => time !== undefined));
  return Number.isFinite(first) ? Math.max(0, first - RENEWAL_MARGIN_MS - now) : undefined;
}
