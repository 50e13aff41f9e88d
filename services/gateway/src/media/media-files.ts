import { durationFromMs, timestampFromMs } from '@bufbuild/protobuf/wkt';
import { findTask, PipelineStage, VideoState } from '@cinematica/pipeline';
import type { Artifact, Plan, VideoRecord } from '@cinematica/pipeline';
import { MediaKind } from '@cinematica/protocol/v1';
import type { MediaSchema } from '@cinematica/protocol/v1';
import type { MessageInitShape } from '@bufbuild/protobuf';

/** A file of a video that can be downloaded. */
export interface MediaFile {
  readonly kind: MediaKind;
  /** The name in links. */
  readonly name: string;
  readonly contentType: string;
  readonly artifact: Artifact;
  /** The size of the picture in pixels. */
  readonly width: number;
  readonly height: number;
  /** Milliseconds; null for a still. */
  readonly duration: number | null;
}

/** The muxer's output with the last frame, from which another video can continue. It cannot be downloaded. */
export const LAST_FRAME_PART = 'last-frame';

/** The muxer's outputs that can be downloaded: part, kind, file name, content type. */
const PARTS = [
  ['poster', MediaKind.POSTER, 'poster.webp', 'image/webp'],
  ['mp4', MediaKind.MP4, 'video.mp4', 'video/mp4'],
  ['loop', MediaKind.LOOP, 'loop.mp4', 'video/mp4'],
  ['webp', MediaKind.WEBP, 'video.webp', 'image/webp'],
  ['webm', MediaKind.WEBM, 'video.webm', 'video/webm'],
] as const;

/** The files of a video that exist so far; none when it is deleted. */
export function mediaFiles(record: VideoRecord): MediaFile[] {
  const { plan, photo, photoWidth, photoHeight, state, purgeTime } = record;
  if (!plan || purgeTime) return [];
  const files: MediaFile[] = [];
  if (photo) {
    files.push({
      kind: MediaKind.PHOTO,
      name: 'photo.jpg',
      contentType: 'image/jpeg',
      artifact: photo,
      width: photoWidth,
      height: photoHeight,
      duration: null,
    });
  }
  const outputs =
    state === VideoState.DONE ? (findTask(record, { stage: PipelineStage.MUX, segment: 0 })?.outputs ?? []) : [];
  for (const [part, kind, name, contentType] of PARTS) {
    const artifact = outputs.find((output) => output.part === part);
    if (!artifact) continue;
    files.push({
      kind,
      name,
      contentType,
      artifact,
      width: roundUpToEven(plan.width),
      height: roundUpToEven(plan.height),
      duration: kind === MediaKind.POSTER ? null : playingTime(plan, kind),
    });
  }
  return files;
}

/**
 * Converts a file to the API's media.
 * @param until the expiry of the link. Seconds since 1970.
 */
export function toMedia(file: MediaFile, url: string, until: number): MessageInitShape<typeof MediaSchema> {
  const { kind, contentType, artifact, width, height, duration } = file;
  return {
    kind,
    url,
    contentType,
    width,
    height,
    sizeBytes: artifact.size,
    expireTime: timestampFromMs(until * 1000),
    ...(duration !== null && { duration: durationFromMs(duration) }),
  };
}

/** Video with 4:2:0 chroma needs an even size. The muxer repeats the last column or row of an odd one. */
const roundUpToEven = (pixels: number): number => pixels + (pixels % 2);

/** The playing time, including the frames that the muxer interpolates. Milliseconds. */
function playingTime({ frames, conditioningFps, frameRate }: Plan, kind: MediaKind): number {
  const rate = Math.max(1, frameRate / conditioningFps);
  const shown =
    kind === MediaKind.LOOP ? Math.round(2 * (frames - 1) * rate) : Math.floor((frames - 1) * rate + 1e-9) + 1;
  return Math.round((Math.max(1, shown) * 1000) / (conditioningFps * rate));
}
