import { execFile } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { create } from '@bufbuild/protobuf';
import {
  cancelVideo,
  changed,
  deleteVideo,
  findTask,
  pipelineSettingsSchema,
  PipelineStage,
  provision,
  STAGES,
  stageName,
  TaskState,
  VideoState,
  WEBHOOK_STREAM,
  WebhookRecordSchema,
  WebhookState,
} from '@cinematica/pipeline';
import type { PipelineSettings, StoredRecord } from '@cinematica/pipeline';
import { expectedSum, openTestSystem, startFleet, TEST_MODEL, testSettings } from '@cinematica/pipeline/testing';
import type { Fleet, TestSystem } from '@cinematica/pipeline/testing';
import { jetstreamManager } from '@nats-io/jetstream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { natsAccounts } from '../../../scripts/nats-accounts.ts';
import { startTestNats } from '../../../test/support/nats-server.ts';
import { S3_SERVER, startTestS3 } from '../../../test/support/s3-server.ts';

const PASSWORD = 'p-0123456789';
/** The users of production. The pipeline of the test may do everything. */
const extra = `${natsAccounts()
  .replaceAll(/\$NATS_PASSWORD_\w+/g, PASSWORD)
  .replace('users: [', `users: [{ user: everything, password: ${PASSWORD} }`)}
no_auth_user: everything
`;
const settings = testSettings({ ADMIT_WAITING: 1, ADMIT_RUNNING: 3, UNDO_MS: 600_000 });
const NAMES = [...STAGES.map(stageName), 'housekeeper'];
let folder: string;
let backups: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cinematica-backup-'));
  backups = join(folder, 'backups');
  await mkdir(backups);
});
afterEach(() => rm(folder, { recursive: true }));

/** Runs the program as Kubernetes does. @returns its last line; rejects when it fails. */
async function backup(task: string, url: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
  const user = task === 'create' ? 'backup' : 'restore';
  const { stderr } = await promisify(execFile)(process.execPath, [join(import.meta.dirname, 'main.ts'), task], {
    env: {
      ...process.env,
      ...{ NATS_URL: url, NATS_USER: user, NATS_PASSWORD: PASSWORD, NATS_REPLICAS: '1' },
      ...{ BACKUP_FOLDER: backups, BACKUP_KEEP: '2', ...env },
    },
  });
  return stderr.trim().split('\n').at(-1) ?? '';
}

const fleetOn = (url: string, own: PipelineSettings = settings) =>
  startFleet(NAMES, { url, settings: own, stepMilliseconds: 40, stepsFile: join(folder, 'steps') });

const mediaOf = async (system: TestSystem, { record }: StoredRecord): Promise<Buffer> =>
  Buffer.from(await system.artifacts.get(findTask(record, { stage: PipelineStage.MUX, segment: 0 })!.outputs[0]!));

const DENOISING = { stage: PipelineStage.DENOISE, segment: 0 };

/**
 * Makes videos that are done (with a webhook that is due), failed, cancelled, deleted, running and queued. The one that runs is in
 * the middle of being denoised, and stays there.
 */
async function makeVideos(system: TestSystem, fleet: Fleet): Promise<Record<string, StoredRecord>> {
  const videos: Record<string, StoredRecord> = {};
  const add = async (name: string, photo = `photo of ${name}`, steps = 4) => {
    videos[name] = await system.add(photo, { steps, segments: 1, frames: 4 });
  };
  for (const name of ['done', 'cancelled', 'deleted']) await add(name);
  await add('failed', 'unusable');
  await system.records.update(videos.cancelled!.record, cancelVideo);
  await system.records.update(videos.deleted!.record, (record) => deleteVideo(record, settings.UNDO_MS));
  await system.records.update(videos.done!.record, (record) => {
    record.webhooks.push(create(WebhookRecordSchema, { url: 'https://receiver.test/', state: WebhookState.WAITING }));
    return changed();
  });
  await system.until(videos.done!.record, ({ record }) => record.webhooks[0]?.state === WebhookState.DUE);
  await system.until(videos.failed!.record, ({ record }) => record.state === VideoState.FAILED);
  await add('running', undefined, 16);
  for (const name of ['next', 'after', 'queued']) await add(name);
  await system.until(videos.running!.record, ({ record }) => findTask(record, DENOISING)!.checkpoints.length > 0);
  fleet.pause('denoise', 20_000);
  await system.until(videos.after!.record, ({ record }) => record.state === VideoState.RUNNING);
  return videos;
}

test('after the loss of NATS, a backup brings back what was acknowledged, and what was running goes on', async () => {
  const lost = await startTestNats({ extra });
  const before = await openTestSystem(lost.url, 'test', settings);
  await provision(before.nats, settings, [TEST_MODEL]);
  const fleet = fleetOn(lost.url);
  const videos = await makeVideos(before, fleet);
  const media = await mediaOf(before, (await before.records.get(videos.done!.record))!);

  expect(await backup('create', lost.url)).toContain('the backup is complete');
  await before[Symbol.asyncDispose]();
  await fleet[Symbol.asyncDispose]();
  await lost[Symbol.asyncDispose]();

  await using server = await startTestNats({ extra });
  await using system = await openTestSystem(server.url, 'test', settings);
  // An installation that was just deployed has empty streams.
  await provision(system.nats, settings, [TEST_MODEL]);
  expect(await backup('restore', server.url)).toContain('the backup was restored');
  const restored = new Map<string, StoredRecord>();
  for (const [name, { record }] of Object.entries(videos)) restored.set(name, (await system.records.get(record))!);
  expect(Object.fromEntries([...restored].map(([name, { record }]) => [name, record.state]))).toMatchObject({
    done: VideoState.DONE,
    failed: VideoState.FAILED,
    cancelled: VideoState.CANCELLED,
    running: VideoState.RUNNING,
    queued: VideoState.QUEUED,
  });
  expect(restored.get('deleted')!.record.purgeTime).toBeDefined();
  expect(findTask(restored.get('running')!.record, DENOISING)!.state).toBe(TaskState.RUNNING);
  expect(await mediaOf(system, restored.get('done')!)).toEqual(media);

  await provision(system.nats, settings, [TEST_MODEL]);
  await using continued = new AsyncDisposableStack();
  continued.use(fleetOn(server.url));
  for (const name of ['running', 'next', 'after', 'queued']) {
    const end = await system.until(videos[name]!.record, ({ record }) => record.state === VideoState.DONE, 60_000);
    const expected = Buffer.from(expectedSum(await system.artifacts.get(end.record.photo!), end.record.plan!));
    expect(await mediaOf(system, end), name).toEqual(expected);
  }
  // The webhook is queued again for its next attempt.
  const manager = await jetstreamManager(system.nats);
  const queued = async () => (await manager.streams.info(WEBHOOK_STREAM)).state.messages;
  await expect.poll(queued).toBe(1);

  // Streams with messages are not replaced by accident, and a damaged backup changes nothing.
  await expect(backup('restore', server.url)).rejects.toThrow('set REPLACE=on');
  const [name = ''] = await readdir(backups);
  await appendFile(join(backups, name, 'OBJ_media.snapshot'), 'x');
  await expect(backup('restore', server.url, { REPLACE: 'on' })).rejects.toThrow('OBJ_media.snapshot is damaged');
  expect((await system.records.get(videos.queued!.record))!.record.state).toBe(VideoState.DONE);

  // Old backups are removed after a new one is complete; a damaged one is not the latest any more.
  for (const old of ['2001-01-01T00-00-00Z', '2002-01-01T00-00-00Z']) await mkdir(join(backups, old));
  await rename(join(backups, name), join(backups, '2003-01-01T00-00-00Z'));
  await backup('create', server.url);
  const kept = await readdir(backups);
  expect(kept.slice(0, 1)).toEqual(['2003-01-01T00-00-00Z']);
  expect(kept).toHaveLength(2);
  expect(await backup('verify', server.url)).toContain('undamaged');
  expect((await stat(join(backups, kept[1]!, 'KV_videos.snapshot'))).size).toBeGreaterThan(0);
});

test.skipIf(S3_SERVER === null)(
  'a restore beside the installation removes nothing that is in S3, and goes on when it has taken the prefix over',
  async () => {
    await using s3 = await startTestS3();
    const chosen = Object.entries(pipelineSettingsSchema.parse(s3.environment())).filter(([name]) =>
      /^(S3|AWS)_/.test(name),
    );
    const inS3 = testSettings({ ...settings, ...Object.fromEntries(chosen), S3_COLLECT_MS: 200 });
    const files = async (): Promise<string[]> =>
      (await readdir(s3.folder, { recursive: true, withFileTypes: true }))
        .filter((entry) => entry.isFile() && entry.name !== 'installation.txt')
        .map(({ parentPath, name }) => join(parentPath, name))
        .sort();

    await using lost = new AsyncDisposableStack();
    const first = lost.use(await startTestNats({ extra }));
    const before = lost.use(await openTestSystem(first.url, 'test', inS3));
    await provision(before.nats, inS3, [TEST_MODEL]);
    lost.use(fleetOn(first.url, inS3));
    const make = async (system: TestSystem, name: string): Promise<StoredRecord> => {
      const { record } = await system.add(`photo of ${name}`, { steps: 4, segments: 1, frames: 4 });
      return system.until(record, (now) => now.record.state === VideoState.DONE, 60_000);
    };
    const done = await make(before, 'done');
    const media = await mediaOf(before, done);
    expect(await backup('create', first.url)).toContain('the backup is complete');
    const later = await make(before, 'later');
    const stored = await files();
    expect(stored).toHaveLength(4);

    await using server = await startTestNats({ extra });
    await using system = await openTestSystem(server.url, 'test', inS3);
    await provision(system.nats, inS3, [TEST_MODEL]);
    expect(await backup('restore', server.url)).toContain('the backup was restored');
    await provision(system.nats, inS3, [TEST_MODEL]);
    await using fleet = fleetOn(server.url, inS3);
    // Its housekeeper would remove the later video, which is in none of its records.
    const refused = () => fleet.lines.filter((line) => line.includes('belongs to the installation')).length;
    await expect.poll(refused, { timeout: 60_000 }).toBeGreaterThan(inS3.ORPHAN_AGE_MS / inS3.S3_COLLECT_MS);
    await expect(system.artifacts.check()).rejects.toThrow('belongs to the installation');
    expect(await files()).toEqual(stored);
    await before.artifacts.check();
    expect(await mediaOf(before, later)).toHaveLength(media.length);
    const owner = (await readFile(join(s3.folder, 'installation.txt'), 'utf8')).trim();

    await lost.disposeAsync();
    const { stderr } = await promisify(execFile)(
      process.execPath,
      [join(import.meta.dirname, '../../gateway/src/take-over-s3-prefix.ts'), owner],
      {
        env: {
          ...process.env,
          ...s3.environment(),
          ...{ NATS_URL: server.url, NATS_USER: 'gateway', NATS_PASSWORD: PASSWORD },
        },
      },
    );
    expect(stderr).toContain('the S3 prefix was taken over');
    await system.artifacts.check();
    expect(await mediaOf(system, done)).toEqual(media);
    await make(system, 'new');
    const ofLater = stored.filter((file) => file.includes(later.record.videoId));
    expect(ofLater).toHaveLength(2);
    await expect
      .poll(async () => (await files()).filter((file) => ofLater.includes(file)), { timeout: 60_000 })
      .toEqual([]);
    expect(await mediaOf(system, done)).toEqual(media);
  },
);
