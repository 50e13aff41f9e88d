import { timestampMs } from '@bufbuild/protobuf/wkt';
import { isTerminal, TaskState, VideoState } from '@cinematica/pipeline';
import type { VideoRecord } from '@cinematica/pipeline';
import type { Video } from '@cinematica/protocol/v1';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { leftovers } from '../support/leftovers.ts';
import { idOf } from '../support/api.ts';
import { fieldPhoto } from '../support/field-photo.ts';
import { CALLERS, startRealSystem } from '../support/real-system.ts';
import type { Caller, RealSystem } from '../support/real-system.ts';

let system: RealSystem;
let source: { readonly case: 'image'; readonly value: Uint8Array<ArrayBuffer> };

beforeAll(async () => {
  source = { case: 'image', value: await fieldPhoto() };
  system = await startRealSystem();
});
afterAll(async () => {
  await system[Symbol.asyncDispose]();
});

const small = { frames: 2, steps: 2, minGuidance: 1, maxGuidance: 1 };
const shape = { case: 'size' as const, value: { width: 64, height: 64 } };

async function make(caller: Caller, settings = small): Promise<Video> {
  const { video } = await system.client(caller).createVideo({ source, settings: { ...settings, shape } });
  return video!;
}

const recordOf = (video: Video): VideoRecord | undefined => system.table.videos.get(idOf(video))?.record;
const startOf = (video: Video): number => timestampMs(recordOf(video)!.startTime!);
const endOf = (video: Video): number => timestampMs(recordOf(video)!.endTime!);

async function untilDone(videos: readonly Video[]): Promise<void> {
  const open = () => videos.filter((video) => !recordOf(video) || !isTerminal(recordOf(video)!)).length;
  await expect.poll(open, { timeout: 120_000, interval: 50 }).toBe(0);
  expect(videos.map((video) => recordOf(video)!.state)).toEqual(videos.map(() => VideoState.DONE));
}

/** Blocks the queue: only the first video of `zed` is admitted, and it waits at the encoder until the block is released. */
async function blockQueue(): Promise<() => void> {
  const encoder = (await system.pid('encoder'))!;
  process.kill(encoder, 'SIGSTOP');
  const first = await make('zed');
  await expect.poll(() => recordOf(first)?.tasks[0]?.state).toBe(TaskState.READY);
  return () => process.kill(encoder, 'SIGCONT');
}

/** The callers by their initials. */
const callers = (letters: string): Caller[] =>
  letters.split('').map((letter) => CALLERS.find((caller) => caller.startsWith(letter))!);

test('two videos are made at the same time', async () => {
  const videos = await Promise.all([make('ann', { ...small, frames: 8 }), make('bob', { ...small, frames: 8 })]);
  await untilDone(videos);
  const [one, two] = videos as [Video, Video];
  expect(Math.max(startOf(one), startOf(two))).toBeLessThan(Math.min(endOf(one), endOf(two)));
});

test('20 videos of three callers start in turn by their cost, and each reports its place in the queue', async () => {
  const unblock = await blockQueue();
  // ann sends first and most. The videos of cid cost twice as much.
  const sent = new Map<Caller, Video[]>([
    ['ann', []],
    ['bob', []],
    ['cid', []],
  ]);
  for (const caller of callers('aaabacbabcabcabacbcb')) {
    sent.get(caller)!.push(await make(caller, caller === 'cid' ? { ...small, steps: 4 } : small));
  }
  // A turn has the cost of the most expensive of the next videos: two of ann or bob, or one of cid.
  const wanted = callers('aabbcaabbcaabbcaabcc').map((caller) => ({ caller, video: sent.get(caller)!.shift()! }));
  const place = async ({ caller, video: { name } }: (typeof wanted)[number]) =>
    (await system.client(caller).getVideo({ name })).video?.progress?.queuePosition;
  const promised = () => Promise.all(wanted.map(place));
  await expect.poll(promised).toEqual(wanted.map((_, index) => index));

  const positions = wanted.map(() => [] as { readonly position: number; readonly time: number }[]);
  const watching = wanted.map(async ({ caller, video: { name } }, index) => {
    for await (const { message } of system.client(caller).watchVideo({ name })) {
      if (message.case !== 'progress' || message.value.queuePosition === undefined) continue;
      positions[index]!.push({ position: message.value.queuePosition, time: Date.now() });
    }
  });
  await expect.poll(() => positions.every(({ length }) => length > 0)).toBe(true);
  unblock();
  await untilDone(wanted.map(({ video }) => video));
  await Promise.all(watching);

  const starts = wanted.map(({ video }) => startOf(video));
  expect(starts).toEqual(starts.toSorted((a, b) => a - b));
  for (const [index, reports] of positions.entries()) {
    expect(reports[0]!.position).toBe(index);
    for (const [at, { position, time }] of reports.entries()) {
      // The position is at least the number of videos ahead that had not started by then.
      expect(position).toBeGreaterThanOrEqual(index - starts.filter((start) => start <= time).length);
      expect(position).toBeLessThanOrEqual(reports[Math.max(0, at - 1)]!.position);
    }
  }
  console.info(
    `queue positions: ${positions.map((reports) => reports.map(({ position }) => position).join(' ')).join(' | ')}`,
  );
});

test('a video of one caller is not delayed by 100 videos of another', async () => {
  // Denoising takes most of the time.
  const usual = { ...small, steps: 12 };
  const flood: Video[] = [];
  const send = async () => {
    while (flood.length < 100) {
      const place = flood.push(undefined!) - 1;
      flood[place] = await make('zed', usual);
    }
  };
  await Promise.all([send(), send(), send(), send()]);
  const one = await make('bob', usual);
  const sent = timestampMs(one.createTime!);
  await untilDone([one]);
  // Those that were being admitted when the other came may start before it.
  const before = flood.filter((video) => {
    const start = recordOf(video)?.startTime;
    return start && timestampMs(start) >= sent && timestampMs(start) <= startOf(one);
  });
  console.info(`videos of the flood that started between the other's creation and its start: ${before.length}`);
  expect(before.length).toBeLessThan(5);
  expect(flood.filter((video) => recordOf(video)?.state === VideoState.QUEUED).length).toBeGreaterThan(0);
});

test('a deleted video leaves no record, object or message', async () => {
  const all = [...system.table.videos.values()].map(({ record }) => record);
  expect(all.length).toBeGreaterThan(120);
  await Promise.all(
    all.map(({ owner, videoId }) =>
      system.client(owner.replace('key-', '') as Caller).deleteVideo({ name: `videos/${videoId}` }),
    ),
  );
  await expect.poll(() => system.table.videos.size, { timeout: 60_000 }).toBe(0);
  await expect.poll(() => leftovers(system), { timeout: 30_000, interval: 500 }).toEqual({});
}, 120_000);
