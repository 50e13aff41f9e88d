import { OUTPUT_FILES } from '@cinematica/settings';
import type { FileFormat, OutputName } from '@cinematica/settings';
import { Lifetime } from './messages.ts';
import type { Plan, VideoRecord } from './messages.ts';
import { isInS3 } from './s3-settings.ts';
import type { PipelineSettings } from './settings.ts';
import { isTerminal } from './video/routing.ts';
import { fileShape, timelineOf } from './video/file-shape.ts';

const MIB = 1024 ** 2;

/**
 * What one video takes in each bucket, in MiB: 50 frames at 1024×576, finished to 720 lines. The frames are those of
 * docs/performance.md, and latents count with their checkpoints. The metrics `storage_bytes` and `storage_objects` show what real
 * videos take.
 */
export const VIDEO_MIB = { photos: 1, latents: 12, frames: 44, media: 8 } as const;

/** What a full bucket keeps free, as a share of its limit: videos are not accepted any more, but those in progress end. */
const SPARE = 1 / 16;

type SizeSettings = Pick<
  PipelineSettings,
  'VIDEOS_PER_HOUR' | 'KEEP_HOURS' | 'ADMIT_RUNNING' | 'BUCKET_MIB' | 'FRAMES_BUCKET_MIB' | 'S3_BUCKET' | 'S3_ARTIFACTS'
>;

/**
 * The limit of a bucket in NATS. No other place decides it: it follows from the rate of videos and how long they are kept, or,
 * for what is removed when a video ends, from how many run at a time. `BUCKET_MIB` and `FRAMES_BUCKET_MIB` replace it.
 * @returns MiB; 0 for no limit: when no rate is set, and for what is stored in S3.
 */
export function bucketLimit(lifetime: Lifetime, settings: SizeSettings): number {
  const { VIDEOS_PER_HOUR, KEEP_HOURS, ADMIT_RUNNING, BUCKET_MIB, FRAMES_BUCKET_MIB } = settings;
  if (isInS3(settings, lifetime)) return 0;
  const kept = withSpare(VIDEOS_PER_HOUR * KEEP_HOURS);
  const running = VIDEOS_PER_HOUR === 0 ? 0 : withSpare(ADMIT_RUNNING);
  switch (lifetime) {
    case Lifetime.PHOTO:
      return BUCKET_MIB || kept * VIDEO_MIB.photos;
    case Lifetime.MEDIA:
      return BUCKET_MIB || kept * VIDEO_MIB.media;
    case Lifetime.LATENTS:
      return BUCKET_MIB || running * VIDEO_MIB.latents;
    case Lifetime.FRAMES:
      return FRAMES_BUCKET_MIB || running * VIDEO_MIB.frames;
    case Lifetime.UNSPECIFIED:
    default:
      throw new RangeError(`unknown lifetime ${lifetime}`);
  }
}

const withSpare = (videos: number): number => Math.ceil(videos / (1 - SPARE));

/** How many bytes videos may fill of a bucket with this limit, in bytes. */
export const usableBytes = (limit: number): number => limit * (1 - SPARE);

/** Bytes for each pixel of each frame, for pictures with much detail. Typical ones need half of it. */
const BYTES_PER_PIXEL: Readonly<Record<FileFormat, number>> = {
  mp4: 0.05,
  webm: 0.04,
  webp: 0.1,
  poster: 0.5,
  card: 0.5,
};
/** The last frame, as a PNG, from which another video can continue. Bytes for each pixel. */
const LAST_FRAME_BYTES_PER_PIXEL = 2;
/** Content credentials, metadata and containers of all files. */
const OVERHEAD_BYTES = 256 * 1024;

const isOutput = (name: string): name is OutputName => Object.hasOwn(OUTPUT_FILES, name);

/** How many bytes the files of a video will probably take at most. */
export function expectedMediaBytes(plan: Plan): number {
  const timeline = timelineOf(plan);
  const always = Object.entries(OUTPUT_FILES).flatMap(([name, { optional }]) => (optional ? [] : [name]));
  const bytes = [...new Set([...always, ...plan.outputs])].filter(isOutput).map((name) => {
    const { format, boomerang } = OUTPUT_FILES[name];
    const { width, height, frames } = fileShape(timeline, format, boomerang);
    return width * height * frames * BYTES_PER_PIXEL[format];
  });
  const lastFrame = timeline.width * timeline.height * LAST_FRAME_BYTES_PER_PIXEL;
  return Math.ceil(OVERHEAD_BYTES + lastFrame + bytes.reduce((sum, one) => sum + one, 0));
}

/** How many bytes the files of all videos that are not finished will take. */
export function upcomingMediaBytes(records: Iterable<VideoRecord>): number {
  let bytes = 0;
  for (const record of records) {
    if (record.plan && !record.purgeTime && !isTerminal(record)) bytes += expectedMediaBytes(record.plan);
  }
  return bytes;
}

/** A size for people, such as `120 MiB`. */
export const inMiB = (bytes: number): string => `${Math.ceil(bytes / MIB).toLocaleString('en')} MiB`;
