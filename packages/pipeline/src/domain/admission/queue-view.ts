import { TaskState, VideoState } from '../messages.ts';
import type { PipelineStage, VideoRecord } from '../messages.ts';
import { STAGES, stageName } from '../stages.ts';
import type { ModelRef } from '../model-ref.ts';
import type { StageName } from '../stages.ts';
import { toMilliseconds } from '../timestamps.ts';
import { dueTasks, isActive, isTerminal } from '../video/routing.ts';
import type { VideoTable } from '../ports/video-table.ts';
import { costOf, FIRST_TURN, roundRobinOrder } from './round-robin.ts';
import type { Turn, Waiting } from './round-robin.ts';

/** The queue of waiting videos, in the order in which the dispatcher admits them. */
export interface QueueView {
  /** @returns how many videos are admitted before it; null when it does not wait. */
  position(videoId: string): number | null;
  /** The number of waiting videos. */
  readonly length: number;
  /** The ids of the waiting videos, in the order of their admission. */
  order(): readonly string[];
  /** The number of unfinished tasks of all videos that have not ended, by stage. */
  backlog(): Record<StageName, number>;
  /** The number of tasks that a worker could do now or does, by stage: their inputs exist, and their result does not. */
  due(): Record<StageName, number>;
  /**
   * The number of workers that a stage could keep busy, now or once the stages before it are done, for an autoscaler.
   * Waiting videos count, so that a stage that is scaled to zero starts for them. A video counts only the tasks that can
   * run in parallel: its segments are denoised one after the other.
   */
  demand(stage: PipelineStage, model?: Partial<ModelRef>): number;
  /** Calls the listener whenever the position of a waiting video changes. @returns a function that ends the subscription. */
  subscribe(videoId: string, listener: (position: number) => void): () => void;
  close(): void;
}

/** The videos that wait for admission, oldest first. */
export function waitingVideos(table: VideoTable): (Waiting & { readonly model: string })[] {
  const waiting = [...table.videos.values()].filter(
    ({ record: { state, purgeTime, plan } }) => state === VideoState.QUEUED && !purgeTime && plan,
  );
  waiting.sort(
    ({ record: a }, { record: b }) =>
      toMilliseconds(a.createTime) - toMilliseconds(b.createTime) || (a.videoId < b.videoId ? -1 : 1),
  );
  return waiting.map(({ record }) => {
    const { owner, videoId, plan } = record;
    return { owner, videoId, cost: costOf(plan!), model: modelOf(record) };
  });
}

/** Identifies the model of a plan. Two versions with one name are two models. */
export const modelOf = ({ plan }: VideoRecord): string => `${plan?.model ?? ''} ${plan?.modelDigest ?? ''}`;

export const currentTurn = ({ queueState }: VideoTable): Turn =>
  queueState ? { owner: queueState.owner, deficits: queueState.deficits } : FIRST_TURN;

const noTasks = () => Object.fromEntries(STAGES.map((stage) => [stageName(stage), 0])) as Record<StageName, number>;

/** How long changes are collected before the order is computed again, milliseconds. */
const DEBOUNCE_MS = 50;

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
    for (const { video } of roundRobinOrder(waitingVideos(table), currentTurn(table)))
      positions.set(video.videoId, positions.size);
    for (const [videoId, interested] of listeners) {
      const position = positions.get(videoId);
      if (position === undefined || position === before.get(videoId)) continue;
      for (const listener of interested) listener(position);
    }
  }

  const unsubscribe = table.subscribe(({ stored }) => {
    // Positions change only when a video starts or stops waiting.
    const waits = stored?.record.state === VideoState.QUEUED;
    if (!waits && !(positions.has(stored?.record.videoId ?? '') || stored === null)) return;
    stale = true;
    timer ??= setTimeout(() => {
      timer = null;
      refresh();
    }, DEBOUNCE_MS);
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
    order() {
      refresh();
      return [...positions.keys()];
    },
    backlog() {
      const open = noTasks();
      for (const { record } of table.videos.values()) {
        if (isTerminal(record) || (record.purgeTime && !isActive(record))) continue;
        for (const { stage, state } of record.tasks) if (state !== TaskState.DONE) open[stageName(stage)]++;
      }
      return open;
    },
    due() {
      const due = noTasks();
      for (const { record } of table.videos.values()) for (const { stage } of dueTasks(record)) due[stageName(stage)]++;
      return due;
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
