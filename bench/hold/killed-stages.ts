import { setTimeout as delay } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { isTerminal, STAGES, workStream } from '@cinematica/pipeline';
import type { StoredRecord } from '@cinematica/pipeline';
import { readStory } from '../../test/chaos/story.ts';
import { seededRandom } from '../../test/support/seeded-random.ts';
import { outcome } from './support/row.ts';
import type { Family, Outcome } from './support/row.ts';
import { percent, seconds } from './support/statistics.ts';
import { startSumRun } from './support/sum-run.ts';
import type { SumRun } from './support/sum-run.ts';

/** How long a worker may be silent. Milliseconds. */
const ACK_WAIT_MS = 2_500;
/** A paused worker is silent for longer than that. Milliseconds. */
const PAUSE_MS = 3_500;

type Nemesis = 'kills of workers' | 'kills of workers and NATS' | 'pauses of workers';

interface Report {
  readonly videos: number;
  readonly kills: number;
  readonly natsKills: number;
  readonly pauses: number;
  /** Videos that are not done with the right bytes. */
  readonly wrong: readonly string[];
  /** Commits that were made twice, or after the end. */
  readonly duplicates: readonly string[];
  readonly attempts: number;
  readonly tasks: number;
  /** From the last fault to the last end of a video. Milliseconds. */
  readonly recovery: number;
  /** Messages in the queues five seconds after NATS was killed and started once more, with nothing left to do. */
  readonly leftMessages: number;
}

export const killedStages: Family = {
  rows: [
    { id: 'R1', what: 'videos lost while a worker is killed each second', target: '0' },
    { id: 'R2', what: 'stages committed twice in R1', target: '0' },
    { id: 'R3', what: 'videos lost or wrong while NATS is killed every 1.5 to 2.5 s, and workers too', target: '0' },
    { id: 'R4', what: 'extra attempts at tasks in R3', target: '≤ 5 %' },
    { id: 'R5', what: 'stale commits by workers that were paused for longer than ACK_WAIT_MS', target: '0' },
    { id: 'R6', what: 'from the last fault of R3 until all videos are done', target: '≤ 2 × ACK_WAIT_MS + 5 s' },
    { id: 'R7', what: 'messages left 5 s after NATS came back, all videos done', target: '0' },
  ],
  async run({ full, seed }, wanted) {
    const videos = full ? 300 : 60;
    const outcomes: Outcome[] = [];
    const has = (...ids: string[]) => ids.some((id) => wanted.has(id));
    if (has('R1', 'R2')) {
      const { wrong, duplicates, kills } = await makeVideos('kills of workers', videos, seed);
      outcomes.push(
        outcome('R1', wrong.length === 0, `${wrong.length} of ${videos} videos, ${kills} kills`),
        outcome('R2', duplicates.length === 0, `${duplicates.length} of ${videos} videos`),
      );
    }
    if (has('R3', 'R4', 'R6', 'R7')) {
      const report = await makeVideos('kills of workers and NATS', videos, seed);
      const { wrong, kills, natsKills, attempts, tasks, recovery, leftMessages } = report;
      const [extra, limit] = [attempts / tasks - 1, 2 * ACK_WAIT_MS + 5_000];
      outcomes.push(
        outcome(
          'R3',
          wrong.length === 0,
          `${wrong.length} of ${videos} videos, ${kills} + ${natsKills} of NATS killed`,
        ),
        outcome('R4', extra <= 0.05, `${percent(extra)} of ${tasks} tasks`),
        outcome('R6', recovery <= limit, `${seconds(recovery)}, target ${seconds(limit)}`),
        outcome('R7', leftMessages === 0, `${leftMessages} messages`),
      );
    }
    if (has('R5')) {
      const { wrong, duplicates, pauses } = await makeVideos('pauses of workers', videos, seed);
      const bad = duplicates.length + wrong.length;
      outcomes.push(outcome('R5', bad === 0, `${bad} in ${pauses} pauses of ${seconds(PAUSE_MS)}, ${videos} videos`));
    }
    return outcomes;
  },
};

async function makeVideos(nemesis: Nemesis, videos: number, seed: number): Promise<Report> {
  await using run = await startSumRun({ settings: { ACK_WAIT_MS, MAX_FAILURES: 50 }, stepMilliseconds: 30 });
  const random = seededRandom(seed);
  const faults = startFaults(run, nemesis, random);
  const added: StoredRecord[] = [];
  for (let i = 0; i < videos; i++) {
    const stored = await persistently(() => run.system.add(`photo ${i}`, {}, `caller${i % 3}`));
    added.push(stored);
    // About as fast as the workers are, so that few videos wait when the faults end.
    await delay(500 + 500 * random());
  }
  const counts = await faults.stop();
  const last = Date.now();
  await Promise.all(
    added.map(({ record }) => run.system.until(record, (stored) => isTerminal(stored.record), 120_000)),
  );
  const recovery = Date.now() - last;

  const stories = await Promise.all(added.map(({ record }) => readStory(run.system.records, record)));
  const wrong = (await Promise.all(added.map(({ record }) => run.faultOf(record)))).filter((fault) => fault !== null);
  const all = stories.flatMap(({ record }) => record.tasks);
  await run.server.kill();
  await run.server.start();
  await delay(5_000);
  return {
    ...counts,
    videos,
    wrong,
    duplicates: stories.flatMap((story) => story.faults),
    attempts: all.reduce((sum, { attempt }) => sum + attempt, 0),
    tasks: all.length,
    recovery,
    leftMessages: await persistently(() => messagesLeft(run)),
  };
}

/** Kills or pauses processes until it is stopped. */
function startFaults({ fleet, server }: SumRun, nemesis: Nemesis, random: () => number) {
  const ended = new AbortController();
  const counts = { kills: 0, natsKills: 0, pauses: 0 };
  const anyWorker = () => {
    const workers = fleet.names.filter((name) => !name.startsWith('housekeeper'));
    return workers[Math.floor(random() * workers.length)]!;
  };
  const every = async (least: number, most: number, act: () => void | Promise<void>) => {
    for (;;) {
      await delay(least + (most - least) * random(), undefined, { signal: ended.signal }).catch(() => undefined);
      if (ended.signal.aborted) return;
      await act();
    }
  };
  const running: Promise<void>[] = [];
  if (nemesis === 'pauses of workers') {
    running.push(
      every(800, 1_200, () => {
        counts.pauses++;
        fleet.pause(anyWorker(), PAUSE_MS);
      }),
    );
  } else {
    running.push(
      every(700, 1_000, () => {
        counts.kills++;
        fleet.kill(anyWorker());
      }),
    );
  }
  if (nemesis === 'kills of workers and NATS') {
    running.push(
      every(1_500, 2_500, async () => {
        counts.natsKills++;
        await server.kill();
        await server.start();
      }),
    );
  }
  return {
    async stop() {
      ended.abort();
      await Promise.all(running);
      return counts;
    },
  };
}

async function messagesLeft({ system }: SumRun): Promise<number> {
  const manager = await jetstreamManager(system.nats, { checkAPI: false });
  const infos = await Promise.all(STAGES.map((stage) => manager.streams.info(workStream(stage))));
  return infos.reduce((sum, { state }) => sum + state.messages, 0);
}

/** Repeats a call that fails while NATS is away. */
async function persistently<T>(call: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await call();
    } catch (error) {
      if (tries === 50) throw error;
      await delay(200);
    }
  }
}
