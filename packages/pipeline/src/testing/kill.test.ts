import { jetstreamManager } from '@nats-io/jetstream';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest';
import { bundlePrograms } from '../../../../test/support/bundles.ts';
import type { Bundles } from '../../../../test/support/bundles.ts';
import { startFaultyProxy } from '../../../../test/support/faulty-proxy.ts';
import type { FaultyProxy } from '../../../../test/support/faulty-proxy.ts';
import { startTestNats } from '../../../../test/support/nats-server.ts';
import { S3_SERVER, startTestS3 } from '../../../../test/support/s3-server.ts';
import type { TestS3 } from '../../../../test/support/s3-server.ts';
import { seededRandom } from '../../../../test/support/seeded-random.ts';
import { Lifetime, PipelineStage, TaskState, VideoState } from '../domain/messages.ts';
import { s3SettingsSchema } from '../domain/s3-settings.ts';
import { bucketName, LIFETIMES, STAGES, stageName } from '../domain/stages.ts';
import { workStream } from '../nats/names.ts';
import { provision } from '../nats/provision.ts';
import type { StoredRecord } from '../domain/ports/records.ts';
import { findTask, isTerminal, nameOf } from '../domain/video/routing.ts';
import { FLEET_PROGRAMS, startFleet } from './fleet.ts';
import { expectedSum } from './sum-stages.ts';
import { openTestSystem, TEST_MODEL, testSettings } from './system.ts';
import type { TestSystem } from './system.ts';

const VIDEOS = Number(process.env.KILL_VIDEOS ?? 20);
const SEED = Number(process.env.KILL_SEED ?? 1);
/** How long processes are killed at most, milliseconds. The remaining videos are then made without disturbance. */
const CHAOS = VIDEOS * 1_000;
const STEP_MS = 30;

/** How often each fault happens between the services and S3, as a share of its requests. */
const S3_FAULTS = { slow: 0.1, busy: 0.04, cut: 0.04, lost: 0.04 };

interface S3UnderTest extends AsyncDisposable {
  readonly server: TestS3;
  readonly proxy: FaultyProxy;
}

async function startS3(): Promise<S3UnderTest> {
  await using cleanup = new AsyncDisposableStack();
  const server = cleanup.use(await startTestS3());
  const proxy = cleanup.use(await startFaultyProxy(server.port, { seed: SEED }));
  const kept = cleanup.move();
  return { server, proxy, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

const s3Settings = ({ server, proxy }: S3UnderTest) =>
  s3SettingsSchema.parse({
    ...server.environment(proxy.url),
    S3_ARTIFACTS: LIFETIMES.map(bucketName).join(','),
    S3_TIMEOUT_MS: '2000',
    S3_COLLECT_MS: '500',
  });

/** Removes an object that can be made again, as a store does that loses what it has. */
async function loseObject({ server }: S3UnderTest, random: () => number): Promise<boolean> {
  const files = await readdir(server.folder, { recursive: true, withFileTypes: true });
  const lossy = files.filter((file) => file.isFile() && /\/artifacts\/(latents|frames)\//.test(`${file.parentPath}/`));
  const file = lossy[Math.floor(random() * lossy.length)];
  if (file) await rm(join(file.parentPath, file.name), { force: true });
  return file !== undefined;
}

let bundles: Bundles;
beforeAll(async () => {
  bundles = await bundlePrograms(...FLEET_PROGRAMS);
});
afterAll(() => bundles[Symbol.asyncDispose]());

const TITLE = `${VIDEOS} videos are done once, with the right bytes, while every process and NATS are killed`;

test(TITLE, () => killEverything(null), 600_000);

test.skipIf(S3_SERVER === null)(
  `${TITLE}, with all artifacts in an S3 that is killed, slow, busy, cut off, and loses objects`,
  async () => {
    await using s3 = await startS3();
    await killEverything(s3);
  },
  600_000,
);

async function killEverything(s3: S3UnderTest | null): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'cinematica-kill-'));
  const stepsFile = join(folder, 'steps');
  await using server = await startTestNats();
  const settings = testSettings({ ADMIT_WAITING: 4, ACK_WAIT_MS: 2_000, ...(s3 && s3Settings(s3)) });
  await using system = await openTestSystem(server.url, 'test', settings);
  await provision(system.nats, settings, [TEST_MODEL]);
  const added: StoredRecord[] = [];
  for (let i = 0; i < VIDEOS; i++) added.push(await system.add(`photo ${i}`, {}, `caller${i % 3}`));

  const names = [...STAGES.map(stageName), 'denoise#2', 'housekeeper', 'housekeeper#2'];
  const run = { url: server.url, settings, stepMilliseconds: STEP_MS, stepsFile, program: bundles.path };
  await using fleet = startFleet(names, run);
  onTestFailed(async () => {
    // The log of the processes is the only way to understand a failure.
    const log = join(tmpdir(), 'cinematica-kill.log');
    await writeFile(log, fleet.lines.join('\n'));
    console.error(`the log of every process is in ${log}`);
  });
  const random = seededRandom(SEED);
  const counts = { processes: 0, nats: 0, pauses: 0, s3: 0, lost: 0 };
  if (s3) s3.proxy.faults = S3_FAULTS;
  const begun = Date.now();
  const open = async () => {
    const all = await Promise.all(added.map(({ record }) => system.records.get(record).catch(() => null)));
    return all.filter((stored) => !stored || !isTerminal(stored.record)).length;
  };
  while (Date.now() - begun < CHAOS && (await open()) > 0) {
    await delay(200 + random() * 600);
    const choice = random();
    if (choice < 0.12) {
      counts.nats++;
      await server.kill();
      await delay(random() * 800);
      await server.start();
    } else if (s3 && choice > 0.9) {
      counts.s3++;
      await s3.server.kill();
      await delay(random() * 800);
      await s3.server.start();
    } else if (s3 && choice > 0.75) {
      if (await loseObject(s3, random)) counts.lost++;
    } else if (choice < 0.2) {
      counts.pauses++;
      fleet.pause(names[Math.floor(random() * names.length)]!, settings.ACK_WAIT_MS * 1.5);
    } else {
      counts.processes++;
      fleet.kill(names[Math.floor(random() * names.length)]!);
    }
  }
  const chaos = Date.now() - begun;
  const ended = await Promise.all(
    added.map(({ record }) => system.until(record, (stored) => isTerminal(stored.record), 120_000)),
  );
  const recovery = Date.now() - begun - chaos;
  if (s3) s3.proxy.faults = {};

  const failures = ended
    .filter(({ record }) => record.state !== VideoState.DONE)
    .map(({ record }) => record.failure?.message);
  expect(failures).toEqual([]);
  for (const { record } of ended) {
    const media = findTask(record, { stage: PipelineStage.MUX, segment: 0 })!.outputs[0]!;
    const expected = Buffer.from(expectedSum(await system.artifacts.get(record.photo!), record.plan!));
    expect(Buffer.from(await system.artifacts.get(media)).equals(expected), record.videoId).toBe(true);
    expect(await commits(system, record.owner, record.videoId)).toEqual([]);
  }
  // Only the media and the photos are left, and no message.
  await expect.poll(() => left(system), { timeout: 20_000 }).toEqual({ photos: VIDEOS, media: VIDEOS, messages: 0 });

  const computed = (await readFile(stepsFile, 'utf8')).trim().split('\n').length;
  const needed = added.reduce((sum, { record: { plan } }) => {
    const { segments, steps, decodeChunks } = plan!;
    return sum + 2 + segments * (steps + decodeChunks.length);
  }, 0);
  const remakes = ended.flatMap(({ record }) => record.tasks).reduce((sum, task) => sum + task.remakes, 0);
  console.log(
    `${VIDEOS} videos (seed ${SEED}): ${counts.processes} processes and ${counts.nats} servers killed, ${counts.pauses} ` +
      `paused in ${(chaos / 1000).toFixed(1)} s${s3 ? `, S3 killed ${counts.s3} times, ${counts.lost} objects lost later, ${JSON.stringify(s3.proxy.counts)} of ${s3.proxy.requests.length} requests` : ''}; all done ${(recovery / 1000).toFixed(1)} s later; ${remakes} results made ` +
      `again; ${computed} steps computed for ${needed} (${((computed / needed - 1) * 100).toFixed(1)} % more)`,
  );
  await rm(folder, { recursive: true });
}

/** The tasks that were committed more often than necessary, by the whole history of the record. */
async function commits(system: TestSystem, owner: string, videoId: string): Promise<string[]> {
  const done = new Map<string, number>();
  const before = new Map<string, TaskState>();
  let remakes = new Map<string, number>();
  let previous: bigint | null = null;
  for (const { record, revision } of await system.records.history({ owner, videoId })) {
    // No revision is missing from the history.
    if (previous !== null) expect(record.previousRevision).toBe(previous);
    previous = BigInt(revision);
    for (const task of record.tasks) {
      const name = nameOf(task);
      if (task.state === TaskState.DONE && before.get(name) !== TaskState.DONE)
        done.set(name, (done.get(name) ?? 0) + 1);
      before.set(name, task.state);
    }
    remakes = new Map(record.tasks.map((task) => [nameOf(task), task.remakes]));
  }
  return [...done].filter(([name, times]) => times !== 1 + (remakes.get(name) ?? 0)).map(([name]) => name);
}

async function left(system: TestSystem): Promise<Record<string, number>> {
  const counts: Record<string, number> = { photos: 0, media: 0, messages: 0 };
  for (const lifetime of LIFETIMES) {
    const { length } = await system.artifacts.list(lifetime);
    if (lifetime === Lifetime.PHOTO) counts.photos = length;
    else if (lifetime === Lifetime.MEDIA) counts.media = length;
    else if (length > 0) counts[`bucket ${lifetime}`] = length;
  }
  const manager = await jetstreamManager(system.nats);
  for (const stage of STAGES) counts.messages! += (await manager.streams.info(workStream(stage))).state.messages;
  return counts;
}
