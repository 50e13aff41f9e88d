import { jetstreamManager } from '@nats-io/jetstream';
import {
  DEAD_LETTER_STREAM,
  deadLetterSubject,
  decodeDeadLetter,
  findTask,
  LIFETIMES,
  PipelineStage,
  PREVIEW_STREAM,
  previewSubject,
  STAGES,
  TaskState,
  VideoState,
  workStream,
} from '@cinematica/pipeline';
import type { TaskRecord, VideoRecord } from '@cinematica/pipeline';
import { ErrorReason, MediaKind, Video_State } from '@cinematica/protocol/v1';
import type { Video, VideoEvent } from '@cinematica/protocol/v1';
import { execFile, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, onTestFailed, onTestFinished, test, vi } from 'vitest';
import { leftovers } from '../support/leftovers.ts';
import { fetchMedia, idOf, reasonOf, untilAnswered, watchToEnd } from '../support/api.ts';
import { fieldPhoto } from '../support/field-photo.ts';
import { killHard } from '../support/kill-hard.ts';
import { ownerOf, startRealSystem } from '../support/real-system.ts';
import type { RealSystem, StageService, VideoClient } from '../support/real-system.ts';

let system: RealSystem;
let ann: VideoClient;
let source: { readonly case: 'image'; readonly value: Uint8Array<ArrayBuffer> };

beforeAll(async () => {
  source = { case: 'image', value: await fieldPhoto() };
  system = await startRealSystem({ MEDIA_LINK_MS: '1500' });
  ann = system.client('ann');
});
afterAll(async () => {
  await system[Symbol.asyncDispose]();
});

const shape = { case: 'size' as const, value: { width: 64, height: 64 } };
const small = { frames: 2, steps: 2, minGuidance: 1, maxGuidance: 1, shape };

async function make(settings: object = {}, requestId = ''): Promise<Video> {
  const { video } = await ann.createVideo({ source, settings: { ...small, ...settings }, requestId });
  return video!;
}

const recordOf = (video: Video): VideoRecord | undefined => system.table.videos.get(idOf(video))?.record;
const taskOf = (video: Video, stage: PipelineStage): TaskRecord | undefined =>
  recordOf(video)?.tasks.find((task) => task.stage === stage && task.state === TaskState.RUNNING);

/** Waits until a task of a stage runs. Polls often, because the task may be short. */
const untilRuns = (video: Video, stage: PipelineStage) =>
  expect.poll(() => taskOf(video, stage)?.state, { timeout: 30_000, interval: 5 }).toBe(TaskState.RUNNING);

const last = async (video: Video): Promise<Video> => (await watchToEnd(ann, video.name)).at(-1)!.video!;

/** Creates a video and expects it to be DONE: the whole system still works. */
async function expectNextDone(): Promise<void> {
  expect((await last(await make())).state).toBe(Video_State.DONE);
}

const refusal = (call: Promise<unknown>): Promise<string> => call.then(() => 'answered', reasonOf);

describe('a cancelled video', () => {
  test('is cancelled in the queue, and stays done when it is finished', async () => {
    const encoder = (await system.pid('encoder'))!;
    process.kill(encoder, 'SIGSTOP');
    const [first, second] = [await make(), await make()];
    await expect.poll(() => recordOf(first)?.state).toBe(VideoState.RUNNING);
    expect((await ann.cancelVideo({ name: second.name })).video?.state).toBe(Video_State.CANCELLED);
    process.kill(encoder, 'SIGCONT');
    expect((await last(first)).state).toBe(Video_State.DONE);
    expect(await refusal(ann.cancelVideo({ name: first.name }))).toBe('VIDEO_ENDED');
    expect(recordOf(second)!.startTime).toBeUndefined();
  });

  test.each<[StageService, PipelineStage]>([
    ['encoder', PipelineStage.ENCODE],
    ['denoiser', PipelineStage.DENOISE],
    ['decoder', PipelineStage.DECODE],
  ])('while the %s’s model hangs: nothing is committed any more, and the next video is made', async (name, stage) => {
    const [model] = await system.children(name);
    process.kill(model!, 'SIGSTOP');
    const video = await make();
    await untilRuns(video, stage);
    // It waits for its model now, and sends heartbeats.
    await delay(1_000);
    const { video: cancelled } = await ann.cancelVideo({ name: video.name });
    expect(cancelled?.state).toBe(Video_State.CANCELLED);
    await expect.poll(() => system.children(name)).not.toContain(model);
    await expectNextDone();
    expect(system.table.videos.get(idOf(video))!.revision).toBe(Number(cancelled!.sequence));
  });

  test('stops ffmpeg', async () => {
    const outputs = [MediaKind.LOOP, MediaKind.WEBP, MediaKind.WEBM];
    const video = await make({ frames: 25, frameRate: 60, outputs });
    await untilRuns(video, PipelineStage.MUX);
    await expect.poll(() => system.children('muxer'), { interval: 5 }).not.toEqual([]);
    const { video: cancelled } = await ann.cancelVideo({ name: video.name });
    await expect.poll(() => system.children('muxer')).toEqual([]);
    await expectNextDone();
    expect(system.table.videos.get(idOf(video))!.revision).toBe(Number(cancelled!.sequence));
  });

  test('stops within one step while it denoises', async () => {
    const video = await make({ steps: 100 });
    await expect
      .poll(() => taskOf(video, PipelineStage.DENOISE)?.step ?? 0, { timeout: 30_000, interval: 5 })
      .toBeGreaterThan(5);
    await ann.cancelVideo({ name: video.name });
    const steps = () => system.metric('denoiser', 'cinematica_steps_total');
    const then = await steps();
    await delay(1_000);
    expect((await steps()) - then).toBeLessThanOrEqual(1);
    expect(findTask(recordOf(video)!, { stage: PipelineStage.DENOISE, segment: 0 })!.step).toBeLessThan(100);
  });
});

test('a video that is deleted while it runs leaves nothing behind', async () => {
  const video = await make({ steps: 100 });
  await expect
    .poll(() => taskOf(video, PipelineStage.DENOISE)?.checkpoints.length, { timeout: 30_000, interval: 5 })
    .toBe(2);
  const { video: deleted } = await ann.deleteVideo({ name: video.name });
  expect(deleted).toMatchObject({ state: Video_State.CANCELLED, media: [] });
  await expect.poll(() => refusal(ann.getVideo({ name: video.name })), { timeout: 20_000 }).toBe('VIDEO_NOT_FOUND');
  expect(await refusal(ann.undeleteVideo({ name: video.name }))).toBe('VIDEO_NOT_FOUND');

  const id = idOf(video);
  const manager = await jetstreamManager(system.nats, { checkAPI: false });
  const left = async () => {
    const names = (await Promise.all(LIFETIMES.map((lifetime) => system.artifacts.list(lifetime)))).flat();
    const subjects = await Promise.all(
      [...STAGES.map(workStream), PREVIEW_STREAM].map(async (stream) => {
        const { state } = await manager.streams.info(stream, { subjects_filter: '>' });
        return Object.keys(state.subjects ?? {});
      }),
    );
    return [...names, ...subjects.flat()].filter((name) => name.includes(id));
  };
  await expect.poll(left, { timeout: 20_000 }).toEqual([]);
  expect(await manager.streams.getMessage(PREVIEW_STREAM, { last_by_subj: previewSubject(id) })).toBeNull();
  expect(await system.records.get({ owner: ownerOf('ann'), videoId: id })).toBeNull();
});

test('watchers get the same numbered events after reconnects and a killed gateway', async () => {
  onTestFailed(() => console.error(system.said.join('\n')));
  const video = await make({ frames: 8, steps: 25 });
  let killed = false;
  const whole = watchToEnd(ann, video.name, ({ video: now }) => {
    if (killed || (now?.progress?.step ?? 0) < 8) return;
    killed = true;
    void system.pid('gateway').then((pid) => process.kill(pid!, 'SIGKILL'));
  });
  const inPieces = async (): Promise<VideoEvent[]> => {
    const story: VideoEvent[] = [];
    while (story.at(-1)?.video?.state !== Video_State.DONE) {
      const afterSequence = story.at(-1)?.sequence ?? 0n;
      const piece: VideoEvent[] = [];
      try {
        for await (const { message } of ann.watchVideo({ name: video.name, afterSequence })) {
          if (message.case === 'event') piece.push(message.value);
          if (piece.length === 5) break;
        }
      } catch (error) {
        expect(reasonOf(error)).toMatch(/^$|^UNAVAILABLE$/);
        await delay(100);
      }
      story.push(...piece);
    }
    return story;
  };
  const numbered = (story: readonly VideoEvent[]) =>
    story.map(({ sequence, snapshot, video: now }) => {
      const { stage = 0, step = 0, segment = 0 } = now?.progress ?? {};
      return `${sequence}${snapshot ? ' snapshot' : ''}: ${now?.state} ${stage}/${segment} ${step}`;
    });
  const [one, other] = await Promise.all([whole, inPieces()]);
  expect(killed).toBe(true);
  expect(numbered(other)).toEqual(numbered(one));
  expect(numbered(one).join()).not.toContain('snapshot');
  expect(numbered(await watchToEnd(ann, video.name))).toEqual(numbered(one));
  expect([one[0]!.video!.state, one.at(-1)!.video!.state]).toEqual([Video_State.QUEUED, Video_State.DONE]);
  const seen = system.said.filter((line) => line.startsWith('gateway'));
  expect(seen).toEqual([expect.stringMatching(/^gateway ended \(SIGKILL/), 'gateway is back.']);
});

test('ten identical requests create one video although the gateway is killed', async () => {
  const requestId = randomUUID();
  const sending = Array.from({ length: 10 }, () => untilAnswered(() => make({ seed: 99 }, requestId)));
  process.kill((await system.pid('gateway'))!, 'SIGKILL');
  const names = new Set((await Promise.all(sending)).map(({ name }) => name));
  expect(names.size).toBe(1);
  const { videos } = await ann.listVideos({ pageSize: 100 });
  expect(videos.filter(({ settings }) => settings?.seed === 99)).toHaveLength(1);
  expect((await last(videos.find(({ settings }) => settings?.seed === 99)!)).state).toBe(Video_State.DONE);
});

// Linux ends processes that take too much memory in the same way.
test('a video that crashes the model fails with its reason and a dead letter, and other videos continue', async () => {
  const video = await make({ steps: 100 });
  let attempt = 0;
  const killAgain = async () => {
    const task = taskOf(video, PipelineStage.DENOISE);
    const models = task && task.attempt > attempt ? await system.children('denoiser') : [];
    const killed = models.filter(killHard);
    if (killed.length > 0) attempt = task!.attempt;
    return recordOf(video)?.state;
  };
  await expect.poll(killAgain, { timeout: 50_000, interval: 5 }).toBe(VideoState.FAILED);
  const failed = await last(video);
  expect(failed).toMatchObject({ state: Video_State.FAILED, error: { reason: ErrorReason.OUT_OF_MEMORY } });
  expect(failed.error?.message).toMatch(/^The denoise stage has too little memory for this video/);
  const manager = await jetstreamManager(system.nats, { checkAPI: false });
  const subject = deadLetterSubject(PipelineStage.DENOISE, idOf(video));
  // The letter is sent after the record has failed.
  const letter = await vi.waitFor(
    async () => {
      const sent = await manager.streams.getMessage(DEAD_LETTER_STREAM, { last_by_subj: subject });
      expect(sent).not.toBeNull();
      return sent!;
    },
    { timeout: 30_000 },
  );
  expect(decodeDeadLetter(letter.data)).toMatchObject({ record: { videoId: idOf(video) } });
  expect(decodeDeadLetter(letter.data).detail).toMatch(/SIGKILL/);
  await expectNextDone();
});

test('an expired media link gets the same answer as an unknown video', async () => {
  const done = await last(await make());
  const { video } = await ann.getVideo({ name: done.name });
  expect((await fetchMedia(system.url, video!, MediaKind.MP4)).subarray(4, 8).toString()).toBe('ftyp');
  await delay(4_000);
  const never = '/media/00000000-0000-7000-8000-000000000000/video.mp4';
  const answers = await Promise.all(
    [never, ...video!.media.map(({ url }) => url)].map(async (link) => {
      const response = await fetch(new URL(link, system.url));
      return `${response.status} ${await response.text()}`;
    }),
  );
  expect(new Set(answers)).toEqual(new Set([answers[0]]));
  expect(answers[0]).toMatch(/^404 /);
});

test('a finished video keeps only its media and its photo', async () => {
  await expectNextDone();
  // The table of this process receives a record later than the gateway that was asked.
  const wanted = () => {
    const records = [...system.table.videos.values()].map(({ record }) => record);
    const media = records.flatMap((record) =>
      record.state === VideoState.DONE ? findTask(record, { stage: PipelineStage.MUX, segment: 0 })!.outputs : [],
    );
    // Each failed video, of this test or of an earlier one, leaves one dead letter.
    const failed = records.filter(({ state }) => state === VideoState.FAILED).length;
    return { photos: records.length, media: media.length, ...(failed > 0 && { DEAD: failed }) };
  };
  const compare = async () => {
    expect(await leftovers(system)).toEqual(wanted());
  };
  await vi.waitFor(compare, { timeout: 30_000, interval: 500 });
});

const hasTools = spawnSync('sh', ['-c', 'curl --json "" --version && jq --version']).status === 0;

test.skipIf(!hasTools)('the examples of docs/api.md work as they stand (needs curl 7.82 and jq)', async () => {
  const home = await mkdtemp(join(tmpdir(), 'api-examples-'));
  onTestFinished(() => rm(home, { recursive: true }));
  await mkdir(join(home, '.data'));
  await writeFile(join(home, '.data/api-key'), await readFile(join(system.folder, 'api-key')));
  // Files are not larger than the photo, so a small one makes a fast test.
  await writeFile(join(home, 'photo.jpg'), await sharp(source.value).resize(128, 64).jpeg().toBuffer());
  const page = await readFile(join(import.meta.dirname, '../../docs/api.md'), 'utf8');
  const examples = [...page.matchAll(/```sh\n(.*?)```/gs)].map(([, example]) => example!);
  expect(examples.length).toBeGreaterThan(6);
  const script = ['set -euo pipefail', ...examples]
    .join('\n')
    .replaceAll('http://localhost:8080', system.url)
    // The defaults of this checkpoint take minutes.
    .replace('"preset":"PRESET_LIVELY"', '$&,"frames":2,"steps":2,"size":{"width":128,"height":64}');
  expect(script).toContain('"frames":2');
  const { stdout, stderr } = await promisify(execFile)('bash', ['-c', script], { cwd: home });
  expect(stderr).toBe('');
  // The limits, the misspelt field, the state, the list, and the share.
  expect(stdout).toContain('"callsPerSecond": 1000');
  expect(stdout).toContain('VideoSettings has no such field');
  expect(stdout).toContain('STATE_DONE');
  expect(stdout).toMatch(/^videos\/[0-9a-f-]{36} order-17$/m);
  expect(stdout).toMatch(/^\/s\//m);
  const [linked, keyed] = await Promise.all(['video.mp4', 'again.mp4'].map((name) => readFile(join(home, name))));
  expect(linked!.subarray(4, 8).toString()).toBe('ftyp');
  expect(keyed!.equals(linked!)).toBe(true);
});
