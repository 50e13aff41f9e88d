import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { findTask, isTerminal, PipelineStage, TaskState } from '@cinematica/pipeline';
import type { StageName } from '@cinematica/pipeline';
import { MediaKind, Video_State } from '@cinematica/protocol/v1';
import { fetchMedia, idOf, untilAnswered, watchToEnd } from '../support/api.ts';
import { fieldPhoto } from '../support/field-photo.ts';
import { CALLERS, startRealSystem } from '../support/real-system.ts';
import type { Caller, RealSystem, ServiceName } from '../support/real-system.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { decodedFrames } from './decoded-frames.ts';
import { killAtRandom } from './killer.ts';
import type { Kill } from './killer.ts';
import { leftovers, redeliveries } from '../support/leftovers.ts';
import { readStory } from './story.ts';
import type { Loss, Story } from './story.ts';

export interface ChaosOptions {
  readonly videos: number;
  readonly seed: number;
}

/** The result of a run. */
export interface ChaosReport {
  /** Descriptions of violated guarantees; empty when there are none. */
  readonly faults: readonly string[];
  readonly figures: Readonly<Record<string, string | number>>;
}

/** The settings of the videos, in turn. Each video has several segments, so that the denoiser continues from earlier ones. */
const KINDS = [
  { frames: 8, steps: 25, seed: 1 },
  { frames: 9, steps: 25, seed: 2 },
  { frames: 12, steps: 16, seed: 3 },
].map((settings) => ({
  ...settings,
  minGuidance: 1,
  maxGuidance: 1,
  shape: { case: 'size' as const, value: { width: 64, height: 64 } },
}));

/** How long processes are killed at most, for each video. The remaining videos are made without disturbance. Milliseconds. */
const CHAOS_MS = 3_000;
/** Without disturbance, a video counts as lost when no task was done for this long. Milliseconds. */
const QUIET_MS = 180_000;

/**
 * Makes videos while every process of a system is killed repeatedly, then without disturbance, and checks that every video
 * is done once, has the bytes of an undisturbed run, and leaves nothing else behind.
 */
export async function runChaos({ videos, seed }: ChaosOptions): Promise<ChaosReport> {
  await using system = await startRealSystem({
    // In production three failed attempts in a row are the fault of the task. Here the killer causes them.
    MAX_FAILURES: '50',
    MAX_ACTIVE_PER_OWNER: '1000',
    // The mark has a number of its video, by which undisturbed videos differ, too.
    INVISIBLE_MARK: 'false',
    // The whole history is checked at the end.
    HISTORY_MS: '86400000',
  });
  const photo = await fieldPhoto();
  const source = { case: 'image' as const, value: photo };
  const make = async (caller: Caller, kind: number): Promise<Made> => {
    const requestId = randomUUID();
    const { video } = await untilAnswered(() =>
      system.client(caller).createVideo({ source, settings: KINDS[kind], requestId }),
    );
    return { caller, kind, name: video!.name };
  };

  const references = await Promise.all(KINDS.map((_, kind) => make('zed', kind)));
  const wanted = await Promise.all(references.map((made) => mp4Of(system, made)));

  const kills: Kill[] = [];
  const chaos = new AbortController();
  const begun = Date.now();
  const killing = killAtRandom(system, seededRandom(seed), kills, chaos.signal);
  const timer = setTimeout(() => chaos.abort(), videos * CHAOS_MS);
  const all = videos + KINDS.length;
  const waiting = Array.from({ length: videos }, (_, index) => index);
  const made: Made[] = [];
  try {
    // A few at a time, so that requests arrive while videos are made.
    const send = async () => {
      for (let index = waiting.shift(); index !== undefined; index = waiting.shift()) {
        made.push(await make(CALLERS[index % 3]!, index % KINDS.length));
      }
    };
    await Promise.all([send(), send(), send()]);
    await untilAllDone(system, all, Infinity, chaos.signal);
  } finally {
    clearTimeout(timer);
    chaos.abort();
    await killing;
  }
  const quiet = Date.now();
  await untilAllDone(system, all, QUIET_MS);
  const recovered = Date.now();
  const ended = [...system.table.videos.values()];

  const stories: Story[] = [];
  for (const { record } of ended) stories.push(await readStory(system.records, record));
  const faults = stories.flatMap((story) => story.faults);
  if (ended.length !== all) faults.push(`${all} requests made ${ended.length} videos`);
  const ids = new Set(ended.map(({ record }) => record.videoId));
  for (const { name } of made) if (!ids.has(idOf({ name }))) faults.push(`${name} is lost`);
  for (const each of made) faults.push(...(await compare(each, await mp4Of(system, each), wanted)));
  faults.push(...(await untilClean(system, stories)));

  const sum = (of: (story: Story) => number) => stories.reduce((total, story) => total + of(story), 0);
  const losses = stories.flatMap((story) => story.losses);
  const recoveries = losses.map((loss) => recovery(loss, kills)).sort((a, b) => a - b);
  const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(1)} s`;
  return {
    faults,
    figures: {
      videos,
      seed,
      ...count(kills),
      'starting the system': seconds(system.startTime),
      killing: seconds(quiet - begun),
      'all done after the last kill': seconds(recovered - quiet),
      'attempts that were lost': losses.length,
      'from a kill to the next attempt, median': seconds(recoveries[recoveries.length >> 1] ?? 0),
      'from a kill to the next attempt, longest': seconds(recoveries.at(-1) ?? 0),
      'messages delivered again': await redeliveries(system),
      'denoisings that went on': sum((story) => story.resumed),
      'steps they kept': sum((story) => story.stepsKept),
      'steps done again': sum((story) => story.stepsRedone),
      'results made again': sum(({ record }) => record.tasks.reduce((total, { remakes }) => total + remakes, 0)),
    },
  };
}

/** How often each process was killed. */
function count(kills: readonly Kill[]): Record<string, number> {
  const kinds = Map.groupBy(kills, ({ name, of }) => `kills of ${of === 'process' ? name : `${name}’s child`}`);
  return Object.fromEntries([...kinds].map(([kind, all]) => [kind, all.length] as const).sort());
}

const SERVICE_OF: Readonly<Record<StageName, ServiceName>> = {
  encode: 'encoder',
  denoise: 'denoiser',
  decode: 'decoder',
  mux: 'muxer',
};

/** The time from the last kill of the attempt's service or of NATS, or from its last heartbeat, to the next attempt. Milliseconds. */
function recovery({ stage, from, to }: Loss, kills: readonly Kill[]): number {
  const faults = kills.filter(({ name, time }) => (name === SERVICE_OF[stage] || name === 'nats') && time < to);
  return to - Math.max(from, ...faults.map(({ time }) => time));
}

interface Made {
  readonly caller: Caller;
  readonly kind: number;
  readonly name: string;
}

async function mp4Of(system: RealSystem, { caller, name }: Made): Promise<Buffer> {
  const client = system.client(caller);
  const last = (await watchToEnd(client, name)).at(-1)!.video!;
  if (last.state !== Video_State.DONE) return Buffer.alloc(0);
  return untilAnswered(async () => {
    const { video } = await client.getVideo({ name });
    return fetchMedia(system.url, video!, MediaKind.MP4);
  });
}

/** ffmpeg's output is deterministic. If the bytes differ, the frames show whether ffmpeg or the pipeline is the cause. */
async function compare({ name, kind }: Made, mp4: Buffer, wanted: readonly Buffer[]): Promise<string[]> {
  const reference = wanted[kind]!;
  if (mp4.equals(reference) && mp4.length > 0) return [];
  if (mp4.length === 0) return [`${name} has no mp4`];
  const [frames, expected] = await Promise.all([mp4, reference].map(decodedFrames));
  const same = JSON.stringify(frames) === JSON.stringify(expected);
  return [`${name}: ${same ? 'other bytes, but the same frames' : 'other frames'} than undisturbed`];
}

/**
 * Resolves once `count` videos have ended, when the signal is aborted, or when no task was done for `quiet` milliseconds.
 * There is no time limit for the whole, because a slow machine is not a fault.
 */
async function untilAllDone({ table }: RealSystem, count: number, quiet: number, signal?: AbortSignal): Promise<void> {
  const isOver = () =>
    table.videos.size >= count && [...table.videos.values()].every(({ record }) => isTerminal(record));
  // The records themselves do not show progress, because the lease of a stalled task is renewed as well.
  const tasksDone = () =>
    [...table.videos.values()].flatMap(({ record }) => record.tasks).filter(({ state }) => state === TaskState.DONE)
      .length;
  let [last, moved] = [tasksDone(), Date.now()];
  while (!isOver() && !signal?.aborted && Date.now() - moved < quiet) {
    await delay(100, undefined, signal ? { signal } : {}).catch(() => undefined);
    const now = tasksDone();
    if (now !== last) [last, moved] = [now, Date.now()];
  }
}

/** Describes what is left beside photos and media, once the garbage has been collected. */
async function untilClean(system: RealSystem, stories: readonly Story[]): Promise<string[]> {
  const files = stories.map(
    ({ record }) => findTask(record, { stage: PipelineStage.MUX, segment: 0 })?.outputs.length ?? 0,
  );
  const expected = { photos: stories.length, media: files.reduce((sum, count) => sum + count, 0) };
  for (let tries = 0; ; tries++) {
    const left = await untilAnswered(() => leftovers(system));
    if (JSON.stringify(left) === JSON.stringify(expected)) return [];
    if (tries === 60) return [`there should be ${JSON.stringify(expected)}, and there is ${JSON.stringify(left)}`];
    await delay(500);
  }
}
