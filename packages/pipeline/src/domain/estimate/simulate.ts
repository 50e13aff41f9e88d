import type { PipelineStage } from '../messages.ts';

/** A task of a video that is not done. */
export interface SimulatedTask {
  readonly name: string;
  readonly stage: PipelineStage;
  /** How long it computes from now on, alone on the machine, seconds. */
  readonly seconds: number;
  readonly running: boolean;
  /** The names of the tasks that it waits for and that are not done. */
  readonly after: readonly string[];
}

/** A video that is not done. */
export interface SimulatedVideo {
  readonly videoId: string;
  /** Whether it waits for admission. Waiting videos are in the order of their admission. */
  readonly waits: boolean;
  readonly tasks: readonly SimulatedTask[];
}

export interface SimulationOptions {
  /** Whether all stages share the cores of one machine: n tasks at a time then each take n times as long. */
  readonly shared: boolean;
  /** The number of workers of a stage. */
  readonly workers: (stage: PipelineStage) => number;
  /** A video is admitted while fewer tasks than this wait for workers. */
  readonly admitWaiting: number;
  /** … and fewer videos than this run. */
  readonly admitRunning: number;
}

/** When a video starts and ends, in seconds from now. */
export interface SimulatedTimes {
  readonly start: number;
  readonly end: number;
}

interface OpenTask {
  readonly video: OpenVideo;
  readonly stage: PipelineStage;
  readonly name: string;
  readonly after: Set<string>;
  seconds: number;
  running: boolean;
}

interface OpenVideo {
  readonly videoId: string;
  start: number;
  tasks: OpenTask[];
}

/**
 * Plays forward what the pipeline does with its videos: workers take tasks in order, tasks follow others, videos are
 * admitted as workers become free, and tasks that run at the same time share the cores.
 *
 * @returns the times of every video. Videos that would never end, because a stage has no worker, are missing.
 */
export function simulate(
  videos: readonly SimulatedVideo[],
  options: SimulationOptions,
): ReadonlyMap<string, SimulatedTimes> {
  return play(videos, options, false).times;
}

/** When a video that is created now is admitted, and what is open then. */
export interface Room {
  /** Seconds from now. */
  readonly seconds: number;
  /** The videos beside which it starts, as they are at that time. */
  readonly open: readonly SimulatedVideo[];
}

/**
 * Plays forward until there is room for another video. What that video then takes is known from the videos that are still
 * open, which are few, so that it need not be simulated with the whole queue.
 *
 * @returns null when there will never be room, because a stage has no worker.
 */
export function findRoom(videos: readonly SimulatedVideo[], options: SimulationOptions): Room | null {
  const { hasRoom, now, open } = play(videos, options, true);
  if (!hasRoom) return null;
  const snapshot = ({ videoId, tasks }: OpenVideo): SimulatedVideo => ({
    videoId,
    waits: false,
    tasks: tasks.map(({ name, stage, seconds, running, after }) => ({
      name,
      stage,
      seconds,
      running,
      after: [...after],
    })),
  });
  return { seconds: now, open: [...open].map(snapshot) };
}

/** @param untilRoom whether to stop as soon as nobody waits and another video would be admitted. */
function play(
  videos: readonly SimulatedVideo[],
  { shared, workers, admitWaiting, admitRunning }: SimulationOptions,
  untilRoom: boolean,
) {
  const times = new Map<string, SimulatedTimes>();
  const waiting = videos.filter(({ waits }) => waits);
  const open = new Set<OpenVideo>();
  let now = 0;

  const begin = ({ videoId, tasks }: SimulatedVideo): void => {
    const video: OpenVideo = { videoId, start: now, tasks: [] };
    video.tasks = tasks.map((task) => ({ ...task, video, after: new Set(task.after) }));
    open.add(video);
  };
  for (const video of videos) if (!video.waits) begin(video);

  const all = (): OpenTask[] => [...open].flatMap(({ tasks }) => tasks);
  const isReady = ({ running, after }: OpenTask): boolean => !running && after.size === 0;

  /** Starts ready tasks on free workers. @returns how many tasks still wait for a worker. */
  const startTasks = (): number => {
    const tasks = all();
    const busy = new Map<PipelineStage, number>();
    for (const { stage, running } of tasks) if (running) busy.set(stage, (busy.get(stage) ?? 0) + 1);
    let left = 0;
    for (const task of tasks.filter(isReady)) {
      const used = busy.get(task.stage) ?? 0;
      if (used < workers(task.stage)) {
        task.running = true;
        busy.set(task.stage, used + 1);
      } else left++;
    }
    return left;
  };

  const end = (task: OpenTask): void => {
    const { video } = task;
    video.tasks = video.tasks.filter((other) => other !== task);
    for (const other of video.tasks) other.after.delete(task.name);
    if (video.tasks.length > 0) return;
    open.delete(video);
    times.set(video.videoId, { start: video.start, end: now });
  };

  while (open.size > 0 || waiting.length > 0) {
    let left = startTasks();
    while (left < admitWaiting && open.size < admitRunning && waiting.length > 0) {
      begin(waiting.shift()!);
      left = startTasks();
    }
    const hasRoom = waiting.length === 0 && left < admitWaiting && open.size < admitRunning;
    if (untilRoom && hasRoom) return { times, now, open, hasRoom };
    const running = all().filter((task) => task.running);
    if (running.length === 0) return { times, now, open, hasRoom };
    const slowdown = shared ? running.length : 1;
    const step = Math.min(...running.map(({ seconds }) => seconds));
    // A plan without a size or a rate has no time.
    if (!Number.isFinite(step)) return { times, now, open, hasRoom };
    now += step * slowdown;
    for (const task of running) {
      task.seconds -= step;
      if (task.seconds <= 1e-9) end(task);
    }
  }
  return { times, now, open, hasRoom: true };
}
