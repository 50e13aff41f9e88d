import { TaskState, VideoState } from '../messages.ts';
import type { Stage, VideoRecord } from '../messages.ts';
import { STAGES, stageName } from '../names.ts';
import type { ModelRef, StageName } from '../names.ts';
import { milliseconds } from '../records/time.ts';
import { dueTasks, isActive, isTerminal } from '../routing.ts';
import type { VideoTable } from '../watch/video-table.ts';
import { costOf, FIRST_TURN, inTurn } from './round-robin.ts';
import type { Turn, Waiting } from './round-robin.ts';

/** The queue as the dispatcher will take it: positions are true because they come from the same data. */
export interface QueueView {
  /** Videos that are let in before it, or null where it does not wait. */
  position(videoId: string): number | null;
  /** Videos that wait. */
  readonly length: number;
  /** Tasks that are not done of all videos that are not finished, by stage: the whole backlog. */
  backlog(): Record<StageName, number>;
  /**
   * Workers that could be busy with a stage now or as soon as the stages before it are done: what an autoscaler needs.
   * It counts videos that wait to be let in, so that a stage that sleeps wakes up for them; and of each video no more
   * tasks than can be done at once: its segments are denoised one after the other, however many there are.
   */
  demand(stage: Stage, model?: Partial<ModelRef>): number;
  /** Told whenever a waiting video's position has changed. @returns what ends it. */
  subscribe(videoId: string, listener: (position: number) => void): () => void;
  close(): void;
}

/** The videos of a table that wait to be let in, oldest first. */
export function waitingVideos(table: VideoTable): (Waiting & { readonly model: string })[] {
  const waiting = [...table.videos.values()].filter(
    ({ record: { state, purgeTime, plan } }) => state === VideoState.QUEUED && !purgeTime && plan,
  );
  waiting.sort(
    ({ record: a }, { record: b }) =>
      milliseconds(a.createTime) - milliseconds(b.createTime) || (a.videoId < b.videoId ? -1 : 1),
  );
  return waiting.map(({ record }) => {
    const { owner, videoId, plan } = record;
    return { owner, videoId, cost: costOf(plan!), model: modelOf(record) };
  });
}

/** Tells the models apart that videos are planned for: two versions of one name are two models. */
export const modelOf = ({ plan }: VideoRecord): string => `${plan?.model ?? ''} ${plan?.modelDigest ?? ''}`;

export const currentTurn = ({ queueState }: VideoTable): Turn =>
  queueState ? { owner: queueState.owner, deficits: queueState.deficits } : FIRST_TURN;

/** How long changes are gathered before the order is computed anew, milliseconds. */
const GATHER = 50;

export function createQueueView(table: VideoTable): QueueView {
  const listeners = new Map<string, Set<(position: number) => void>>();
  let positions = new Map<string, number>();
  let stale = true;
  let timer: NodeJS.Timeout | null = null;

  function refresh(): void {
    if (!stale) return;
    stale = false;
    const before = positions;
    positions = new Map();
    for (const { video } of inTurn(waitingVideos(table), currentTurn(table)))
      positions.set(video.videoId, positions.size);
    for (const [videoId, interested] of listeners) {
      const position = positions.get(videoId);
      if (position === undefined || position === before.get(videoId)) continue;
      for (const listener of interested) listener(position);
    }
  }

  const unsubscribe = table.subscribe(({ stored }) => {
    // Only what waits, or has just stopped to, moves anyone.
    const waits = stored?.record.state === VideoState.QUEUED;
    if (!waits && !(positions.has(stored?.record.videoId ?? '') || stored === null)) return;
    stale = true;
    timer ??= setTimeout(() => {
      timer = null;
      refresh();
    }, GATHER);
  });

  return {
    position(videoId) {
      refresh();
      return positions.get(videoId) ?? null;
    },
    get length() {
      refresh();
      return positions.size;
    },
    backlog() {
      const open = Object.fromEntries(STAGES.map((stage) => [stageName(stage), 0])) as Record<StageName, number>;
      for (const { record } of table.videos.values()) {
        if (isTerminal(record) || (record.purgeTime && !isActive(record))) continue;
        for (const { stage, state } of record.tasks) if (state !== TaskState.DONE) open[stageName(stage)]++;
      }
      return open;
    },
    demand(stage, { name, digest } = {}) {
      let sum = 0;
      for (const { record } of table.videos.values()) {
        const { plan, tasks, purgeTime } = record;
        if (!plan || isTerminal(record) || purgeTime) continue;
        if ((name !== undefined && plan.model !== name) || (digest !== undefined && plan.modelDigest !== digest))
          continue;
        if (!tasks.some((task) => task.stage === stage && task.state !== TaskState.DONE)) continue;
        sum += Math.max(1, dueTasks(record).filter((due) => due.stage === stage).length);
      }
      return sum;
    },
    subscribe(videoId, listener) {
      const all = listeners.get(videoId) ?? new Set();
      listeners.set(videoId, all.add(listener));
      return () => {
        all.delete(listener);
        if (all.size === 0 && listeners.get(videoId) === all) listeners.delete(videoId);
      };
    },
    close() {
      unsubscribe();
      if (timer) clearTimeout(timer);
    },
  };
}
