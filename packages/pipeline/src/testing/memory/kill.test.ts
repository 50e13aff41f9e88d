import { create } from '@bufbuild/protobuf';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createVideo } from '../../domain/admission/create-video.ts';
import { OverLimitError } from '../../domain/admission/over-limit-error.ts';
import { createQuotas } from '../../domain/admission/quotas.ts';
import { removeDeleted } from '../../domain/housekeeping/remove-deleted.ts';
import { queueWebhooks, requeueWebhooks } from '../../domain/housekeeping/queue-webhooks.ts';
import { FailureReason, Lifetime, PipelineStage, TaskSchema, VideoState } from '../../domain/messages.ts';
import { pipelineSettings } from '../../domain/settings.ts';
import { LIFETIMES } from '../../domain/stages.ts';
import { cancelVideo, deleteVideo } from '../../domain/video/video-changes.ts';
import { doTask } from '../../process/worker/do-task.ts';
import { UnusableInputError } from '../../process/worker/stage-errors.ts';
import type { StageHandler } from '../../process/worker/stage-handler.ts';
import type { TaskOptions } from '../../process/worker/worker-options.ts';
import { createLog } from '../../telemetry/log.ts';
import { createMetrics } from '../../telemetry/metrics.ts';
import { killedAtCall } from './kill.ts';
import { createMemoryPipeline, testPlan } from './pipeline.ts';
import type { MemoryPipeline } from './pipeline.ts';

const video = { owner: 'ann', videoId: 'v1' };
let pipeline: MemoryPipeline;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_800_000_000_000 });
  pipeline = createMemoryPipeline();
});
afterEach(() => {
  vi.useRealTimers();
});

/** The ports that `names` names. */
function pick<Name extends keyof MemoryPipeline>(...names: Name[]): Pick<MemoryPipeline, Name> {
  return Object.fromEntries(names.map((name) => [name, pipeline[name]])) as Pick<MemoryPipeline, Name>;
}

/** A kill before each call that `run` makes, one after the other, and at last a run that is not killed. */
async function killEverywhere(attempt: (call: number) => Promise<'killed' | 'done'>): Promise<number> {
  for (let call = 1; ; call++) if ((await attempt(call)) === 'done') return call - 1;
}

type AdmissionPorts = Pick<MemoryPipeline, 'records' | 'requests' | 'artifacts' | 'quotaStore'>;

/** Sends a request to a gateway that has just started. */
function send({ records, requests, artifacts, quotaStore }: AdmissionPorts, requestId: string) {
  const limits = { MAX_ACTIVE_PER_OWNER: 1, MAX_DAILY_PER_OWNER: 10 };
  const find = (videoId: string) => pipeline.table.videos.get(videoId);
  const quotas = createQuotas(quotaStore, find, limits);
  const owner = 'ann';
  return createVideo(
    { records, requests, artifacts, table: pipeline.table, settings: { KEEP_HOURS: 1 } },
    {
      owner,
      requestId,
      body: Buffer.from('the request'),
      admission: {
        check: () => quotas.check(owner),
        take: (videoId) => quotas.take(owner, videoId),
        giveBack: (videoId) => quotas.giveBack(owner, videoId),
      },
      prepare: () => Promise.resolve({ plan: testPlan(), photo: Buffer.from('a photo') }),
    },
  );
}

test('a request that is repeated after its gateway was killed creates one video, and counts once', async () => {
  const calls = await killEverywhere(async (call) => {
    pipeline = createMemoryPipeline();
    const gateway = killedAtCall(pick('records', 'requests', 'artifacts', 'quotaStore'), call);
    const end = await Promise.race([send(gateway.ports, 'request').then(() => 'done' as const), gateway.killed]);
    const { record } = await send(pipeline, 'request');
    expect(await pipeline.records.list('ann')).toEqual([record.videoId]);
    const { quota } = await pipeline.quotaStore.get('ann');
    expect(quota).toMatchObject({ activeVideoIds: [record.videoId], videosToday: 1 });
    return end;
  });
  expect(calls).toBeGreaterThan(6);
});

test('a video that was counted and never created stops counting as unfinished after a minute', async () => {
  const blocked = { ...pipeline.artifacts, put: () => new Promise<never>(() => undefined) };
  void send({ ...pipeline, artifacts: blocked }, 'first');
  await vi.waitFor(async () => expect((await pipeline.quotaStore.get('ann')).exists).toBe(true));
  await expect(send(pipeline, 'second')).rejects.toThrow(OverLimitError);
  vi.setSystemTime(Date.now() + 60_001);
  const { record } = await send(pipeline, 'second');
  const { quota } = await pipeline.quotaStore.get('ann');
  expect(quota).toMatchObject({ activeVideoIds: [record.videoId], videosToday: 2 });
});

/** A worker whose stage refuses every photo. */
function refusingWorker(ports: Pick<TaskOptions, 'records' | 'tasks' | 'artifacts'>): TaskOptions {
  const handler: StageHandler = {
    stage: PipelineStage.ENCODE,
    fingerprint: '',
    run: () => Promise.reject(new UnusableInputError('not a photo', FailureReason.PHOTO_UNREADABLE)),
  };
  return {
    ...ports,
    handler,
    settings: pipelineSettings(),
    metrics: createMetrics('encoder'),
    log: createLog('encoder', { write: () => undefined }),
    nudges: { nudge: () => undefined, subscribe: () => () => undefined },
    previews: { publish: () => undefined },
    connection: {
      closed: false,
      watch: () => ({
        wasAway: () => false,
        lost: () => ({ promise: new Promise<null>(() => undefined), [Symbol.dispose]: () => undefined }),
        end: () => undefined,
      }),
    },
  };
}

/** Delivers the task once to a worker. */
const deliver = (options: TaskOptions, claimId: string) =>
  doTask(options, {
    task: create(TaskSchema, { ...video, stage: PipelineStage.ENCODE, segment: 0 }),
    claimId,
    countSilence: true,
    heartbeat: () => undefined,
    draining: new AbortController().signal,
    onLease: () => undefined,
  });

test('a failed video has one dead letter, wherever the worker that failed it was killed', async () => {
  const calls = await killEverywhere(async (call) => {
    pipeline = createMemoryPipeline();
    await pipeline.add('v1');
    await pipeline.admit(video);
    const worker = killedAtCall(pick('records', 'tasks', 'artifacts'), call);
    const end = await Promise.race([
      deliver(refusingWorker(worker.ports), 'first').then(() => 'done' as const),
      worker.killed,
    ]);
    // The message is delivered again, unless it was acknowledged.
    vi.setSystemTime(Date.now() + pipelineSettings().ACK_WAIT_MS + 1);
    expect(await deliver(refusingWorker(pipeline), 'second')).toEqual({ kind: 'ack' });
    const { record } = (await pipeline.records.get(video))!;
    expect(record.state).toBe(VideoState.FAILED);
    expect(pipeline.tasks.deadLetters.map(({ task }) => task)).toEqual(['v1 encode/0']);
    return end;
  });
  expect(calls).toBeGreaterThanOrEqual(3);
});

test('a deleted video is removed completely, wherever the leader that removed it was killed', async () => {
  const previews = new Set<string>();
  const maintenance = {
    purgeAcknowledged: () => Promise.resolve(0),
    trimHistories: () => Promise.resolve(0),
    removeMarkers: () => Promise.resolve(0),
    removePreview: (videoId: string) => Promise.resolve(void previews.delete(videoId)),
  };
  const calls = await killEverywhere(async (call) => {
    pipeline = createMemoryPipeline();
    const { table, requests, artifacts } = pipeline;
    const { record } = await send(pipeline, 'request');
    const ref = { owner: record.owner, videoId: record.videoId };
    for (const lifetime of LIFETIMES) {
      for (const part of ['a', 'b'])
        await artifacts.put(lifetime, `${ref.videoId}/0/x/1/${part}`, part, Buffer.from('x'));
    }
    await artifacts.put(Lifetime.MEDIA, 'other/0/mux/1/mp4', 'mp4', Buffer.from('x'));
    previews.add(ref.videoId);
    await pipeline.records.update(ref, (now) => deleteVideo(now, 0));
    table.refresh();

    const leader = killedAtCall({ ...pick('records', 'requests', 'artifacts'), maintenance }, call);
    const end = await Promise.race([
      removeDeleted({ ...leader.ports, table }).then(() => 'done' as const),
      leader.killed,
    ]);
    table.refresh();
    await removeDeleted({ ...pipeline, maintenance });
    expect(await pipeline.records.get(ref)).toBeNull();
    const left = await Promise.all(LIFETIMES.map((lifetime) => artifacts.list(lifetime)));
    expect(left.flat()).toEqual(['other/0/mux/1/mp4']);
    expect(previews.size).toBe(0);
    expect(await requests.find('ann', 'request', Buffer.from('the request'))).toMatchObject({ closed: true });
    return end;
  });
  expect(calls).toBeGreaterThan(12);
});

test('the webhooks of a video that has ended are queued, wherever the leader was killed', async () => {
  const settings = pipelineSettings();
  const calls = await killEverywhere(async (call) => {
    pipeline = createMemoryPipeline();
    const { table } = pipeline;
    await pipeline.add('v1', { webhookUrls: ['https://a.test/', 'https://b.test/'] });
    // Whoever ends the video publishes nothing itself, so that it may be killed right after its write.
    await pipeline.records.update(video, cancelVideo);
    table.refresh();
    const leader = killedAtCall(pick('records', 'webhooks'), call);
    const end = await Promise.race([
      queueWebhooks({ ...leader.ports, table, settings }).then(() => 'done' as const),
      leader.killed,
    ]);
    table.refresh();
    await queueWebhooks({ ...pipeline, settings });
    vi.setSystemTime(Date.now() + 2 * settings.ACK_WAIT_MS);
    await requeueWebhooks({ ...pipeline, settings });
    expect(new Set(pipeline.webhooks.published)).toEqual(new Set(['v1/0', 'v1/1']));
    return end;
  });
  expect(calls).toBe(2);
});
