import { expect, test } from 'vitest';
import { pipelineSettingsSchema } from './settings.ts';
import {
  backupVolume,
  bucketLimit,
  expectedMediaBytes,
  storageTotals,
  upcomingMediaBytes,
  VIDEO_MIB,
} from './storage-sizes.ts';
import { LIFETIMES } from './stages.ts';
import { createMemoryPipeline, testPlan } from '../testing/memory/pipeline.ts';
import { deleteVideo } from './video/video-changes.ts';

const MIB = 1024 ** 2;
const limits = (env: Record<string, string>) => {
  const settings = pipelineSettingsSchema.parse(env);
  return LIFETIMES.map((lifetime) => bucketLimit(lifetime, settings));
};
const hd = testPlan({
  frames: 50,
  conditioningFps: 7,
  frameRate: 28,
  width: 1024,
  height: 576,
  outputWidth: 1280,
  outputHeight: 720,
  outputs: ['mp4'],
});

test('the limits follow from the rate and the retention, and a sixteenth is spare', () => {
  expect(limits({})).toEqual([0, 0, 0, 0]);
  expect(limits({ VIDEOS_PER_HOUR: '15', KEEP_HOURS: '10', ADMIT_RUNNING: '30' })).toEqual([
    160,
    32 * 12,
    32 * 44,
    160 * 8,
  ]);
  // What is in S3 has no limit in NATS, and a limit that is set replaces those that follow.
  expect(limits({ VIDEOS_PER_HOUR: '15', ADMIT_RUNNING: '30', S3_BUCKET: 'videos' })).toEqual([0, 32 * 12, 32 * 44, 0]);
  expect(limits({ VIDEOS_PER_HOUR: '15', BUCKET_MIB: '7', FRAMES_BUCKET_MIB: '3' })).toEqual([7, 7, 3, 7]);
});

test('the volumes hold full buckets and the records, and one backup more than are kept', () => {
  const of = (env: Record<string, string>) => {
    const settings = pipelineSettingsSchema.parse({
      VIDEOS_PER_HOUR: '15',
      KEEP_HOURS: '10',
      ADMIT_RUNNING: '30',
      ...env,
    });
    return { ...storageTotals(settings), volume: backupVolume(3, settings) };
  };
  const records = 150 / 32;
  const kept = 160 * 9 + records;
  expect(of({ NATS_REPLICAS: '3' })).toEqual({
    disk: kept + 32 * 12,
    memory: 32 * 44,
    backup: kept,
    volume: (4 * kept) / 0.85,
  });
  // Frames are on disk without replicas, and with S3 only records grow with the number of videos.
  expect(of({})).toMatchObject({ disk: kept + 32 * 12 + 32 * 44, memory: 0 });
  expect(of({ S3_BUCKET: 'videos' })).toMatchObject({ backup: records, volume: (4 * records) / 0.85 });
});

test('the files of a video are expected to be as large as the sizes assume, and more files to be larger', () => {
  const expected = expectedMediaBytes(hd);
  expect(expected).toBeGreaterThan(VIDEO_MIB.media * MIB);
  expect(expected).toBeLessThan(2 * VIDEO_MIB.media * MIB);
  const all = { ...hd, outputs: ['mp4', 'loop', 'webm', 'webp'] };
  expect(expectedMediaBytes(all)).toBeGreaterThan(3 * expected);
  expect(expectedMediaBytes(testPlan())).toBeLessThan(MIB);
  // Of a draft, the model makes every second frame, and the file has nearly as many as without.
  expect(expectedMediaBytes({ ...hd, frameInterval: 2 })).toBeGreaterThan(0.95 * expected);
});

test('only videos that are not finished need room', async () => {
  const pipeline = createMemoryPipeline();
  const waiting = await pipeline.add('waiting');
  const deleted = await pipeline.add('deleted');
  deleteVideo(deleted.record, 60_000);
  expect(upcomingMediaBytes([waiting.record, deleted.record])).toBe(expectedMediaBytes(waiting.record.plan!));
});
