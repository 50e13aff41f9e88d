import { durationFromMs, timestampFromMs } from '@bufbuild/protobuf/wkt';
import { findTask, Stage, VideoState } from '@cinematica/pipeline';
import type { Artifact, Plan, VideoRecord } from '@cinematica/pipeline';
import { MediaKind } from '@cinematica/protocol/v1';
import type { MediaSchema } from '@cinematica/protocol/v1';
import type { MessageInitShape } from '@bufbuild/protobuf';

/** A file of a video that people can fetch. */
export interface MediaFile {
  readonly kind: MediaKind;
  /** Its name in links. */
  readonly name: string;
  readonly contentType: string;
  readonly artifact: Artifact;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** Milliseconds; null for a still. */
  readonly duration: number | null;
}

/** The part of the muxer's results that is the last frame, for another video to go on from: it is no file to fetch. */
export const LAST_FRAME_PART = 'last-frame';

/** The muxer's results by part. */
const PARTS = [
  ['poster', MediaKind.POSTER, 'poster.webp', 'image/webp'],
  ['mp4', MediaKind.MP4, 'video.mp4', 'video/mp4'],
  ['loop', MediaKind.LOOP, 'loop.mp4', 'video/mp4'],
  ['webp', MediaKind.WEBP, 'video.webp', 'image/webp'],
  ['webm', MediaKind.WEBM, 'video.webm', 'video/webm'],
] as const;

/** What can be fetched of a video by now; nothing of one that is deleted. */
export function mediaFiles(record: VideoRecord): MediaFile[] {
  const { plan, photo, photoWidth, photoHeight, state, purgeTime } = record;
  if (!plan || purgeTime) return [];
  const files: MediaFile[] = [];
  if (photo) {
    const [width, height] = [photoWidth, photoHeight];
    const about = { name: 'photo.jpg', contentType: 'image/jpeg', width, height, duration: null };
    files.push({ ...about, kind: MediaKind.PHOTO, artifact: photo });
  }
  const outputs = state === VideoState.DONE ? (findTask(record, { stage: Stage.MUX, segment: 0 })?.outputs ?? []) : [];
  for (const [part, kind, name, contentType] of PARTS) {
    const artifact = outputs.find((output) => output.part === part);
    if (!artifact) continue;
    const about = { kind, name, contentType, artifact, width: even(plan.width), height: even(plan.height) };
    files.push({ ...about, duration: kind === MediaKind.POSTER ? null : duration(plan, kind) });
  }
  return files;
}

/** @param until when the link stops working, seconds since 1970. */
export function toMedia(file: MediaFile, url: string, until: number): MessageInitShape<typeof MediaSchema> {
  const { kind, contentType, artifact, width, height, duration } = file;
  return {
    ...{ kind, url, contentType, width, height, sizeBytes: artifact.size },
    expireTime: timestampFromMs(until * 1000),
    ...(duration !== null && { duration: durationFromMs(duration) }),
  };
}

/** Video with halved chroma takes even numbers only: the muxer repeats a last column or row. */
const even = (pixels: number): number => pixels + (pixels % 2);

/** Playing time in milliseconds, by the frames that the muxer puts in between. */
function duration({ frames, conditioningFps, frameRate }: Plan, kind: MediaKind): number {
  const rate = Math.max(1, frameRate / conditioningFps);
  const shown =
    kind === MediaKind.LOOP ? Math.round(2 * (frames - 1) * rate) : Math.floor((frames - 1) * rate + 1e-9) + 1;
  return Math.round((Math.max(1, shown) * 1000) / (conditioningFps * rate));
}
