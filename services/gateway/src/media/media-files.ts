import { durationFromMs, timestampFromMs } from '@bufbuild/protobuf/wkt';
import { fileShape, findTask, PipelineStage, timelineOf, VideoState } from '@cinematica/pipeline';
import type { Artifact, Plan, VideoRecord } from '@cinematica/pipeline';
import { MediaKind } from '@cinematica/protocol/v1';
import type { MediaSchema } from '@cinematica/protocol/v1';
import { OUTPUT_FILES, OUTPUT_NAMES } from '@cinematica/settings';
import type { FileFormat } from '@cinematica/settings';
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

/** Files of videos without an output size come from a version whose WebP had the size and rate of the other files. */
const formatOf = (plan: Plan, format: FileFormat): FileFormat =>
  plan.outputWidth === 0 && format === 'webp' ? 'webm' : format;

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
  for (const part of OUTPUT_NAMES) {
    const artifact = outputs.find((output) => output.part === part);
    if (!artifact) continue;
    const { kind, format, boomerang, fileName, contentType } = OUTPUT_FILES[part];
    const { width, height, frames, fps } = fileShape(timelineOf(plan), formatOf(plan, format), boomerang);
    files.push({
      kind,
      name: fileName,
      contentType,
      artifact,
      width,
      height,
      duration: format === 'poster' || format === 'card' ? null : Math.round((frames * 1000) / fps),
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
