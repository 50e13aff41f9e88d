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

/**
 * The record of one video with its history, in MiB. `npm run bench -- storage` measured 18 KiB for each of 40 videos, with what was in the
 * queues.
 */
const RECORD_MIB = 1 / 32;

/** Below this share of free space, the alerts of volumes fire. A volume is large enough when as much stays free. */
export const FREE_SHARE = 0.15;

/** What a full bucket keeps free, as a share of its limit: videos are not accepted any more, but those in progress end. */
const SPARE = 1 / 16;

type SizeSettings = Pick<
  PipelineSettings,
  'VIDEOS_PER_HOUR' | 'KEEP_HOURS' | 'ADMIT_RUNNING' | 'BUCKET_MIB' | 'FRAMES_BUCKET_MIB' | 'S3_BUCKET' | 'S3_ARTIFACTS'
>;
type TotalSettings = SizeSettings & Pick<PipelineSettings, 'NATS_REPLICAS'>;

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

/** What everything takes at most, in MiB, when as many videos are made and kept as the settings say. */
export interface StorageTotals {
  /** On the disk of each NATS server. */
  readonly disk: number;
  /** In the memory of each NATS server. */
  readonly memory: number;
  /** One backup: the records, and the photos and media that are in NATS. */
  readonly backup: number;
}

/** Adds up the limits of the buckets and the records. The sizes of all volumes follow from it. */
export function storageTotals(settings: TotalSettings): StorageTotals {
  const limit = (lifetime: Lifetime): number => bucketLimit(lifetime, settings);
  const records = settings.VIDEOS_PER_HOUR * settings.KEEP_HOURS * RECORD_MIB;
  const backup = records + limit(Lifetime.PHOTO) + limit(Lifetime.MEDIA);
  const frames = limit(Lifetime.FRAMES);
  const inMemory = keepsInMemory(settings);
  return {
    disk: backup + limit(Lifetime.LATENTS) + (inMemory ? 0 : frames),
    memory: inMemory ? frames : 0,
    backup,
  };
}

/** Whether NATS keeps frames in memory. A single server would lose the whole stream when it is restarted (measured with 2.10.27). */
export const keepsInMemory = ({ NATS_REPLICAS }: Pick<PipelineSettings, 'NATS_REPLICAS'>): boolean => NATS_REPLICAS > 1;

/**
 * The size of the volume for backups, in MiB: a new one is complete before the oldest is removed.
 * @param keep how many are kept.
 */
export const backupVolume = (keep: number, settings: TotalSettings): number =>
  ((keep + 1) * storageTotals(settings).backup) / (1 - FREE_SHARE);

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
