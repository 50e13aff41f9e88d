import type { Media, MediaKind, Video } from '@cinematica/protocol/v1';
import { timestampMs } from '@bufbuild/protobuf/wkt';

/** A link is renewed this long before it stops working. Milliseconds. */
const MARGIN_MS = 60_000;

/** The first of these kinds that the video has. */
export function pickMedia(video: Video, ...kinds: readonly MediaKind[]): Media | undefined {
  for (const kind of kinds) {
    const found = video.media.find((media) => media.kind === kind);
    if (found) return found;
  }
  return undefined;
}

/** Where to save a file from, under a name of its own, instead of showing it. */
export function downloadUrl({ url }: Media): string {
  return `${url}${url.includes('?') ? '&' : '?'}download`;
}

/**
 * How long until the first of these videos' links should be renewed, with `GetVideo` or `ListVideos`.
 *
 * @returns milliseconds from `now`, 0 where it is time; undefined where there are no links
 */
export function untilRenewal(videos: readonly Video[], now = Date.now()): number | undefined {
  const times = videos.flatMap(({ media }) => media.map(({ expireTime }) => expireTime && timestampMs(expireTime)));
  const first = Math.min(...times.filter((time) => time !== undefined));
  return Number.isFinite(first) ? Math.max(0, first - MARGIN_MS - now) : undefined;
}
