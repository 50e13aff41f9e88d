import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import {
  bucketStream,
  chunkSubject,
  findTask,
  isTerminal,
  Lifetime,
  metadataSubject,
  PipelineStage,
  TaskState,
} from '@cinematica/pipeline';
import type { StoredRecord } from '@cinematica/pipeline';
import { outcome } from './support/row.ts';
import type { Family } from './support/row.ts';
import { seconds } from './support/statistics.ts';
import { startSumRun } from './support/sum-run.ts';
import type { SumRun } from './support/sum-run.ts';

const VIDEOS_OF_EACH = 5;
const DENOISE = { stage: PipelineStage.DENOISE, segment: 0 };

type Damage = 'chunk removed' | 'entry removed' | 'byte changed in a chunk' | 'byte changed in a file of NATS';
const DAMAGES: readonly Damage[] = [
  'chunk removed',
  'entry removed',
  'byte changed in a chunk',
  'byte changed in a file of NATS',
];

export const lostArtifacts: Family = {
  rows: [
    {
      id: 'R17',
      what: 'latents that are missing or damaged: videos that are wrong or hang; until the stage makes them again',
      target: '0; ≤ 5 s',
    },
  ],
  async run() {
    await using run = await startSumRun({
      settings: { ACK_WAIT_MS: 1_500, ADMIT_WAITING: 100 },
      stepMilliseconds: 5,
      workers: 1,
    });
    let [wrong, longest, remakes] = [0, 0, 0];
    for (const damage of DAMAGES) {
      const result = await damageLatents(run, damage);
      wrong += result.wrong;
      remakes += result.remakes;
      longest = Math.max(longest, result.longest);
    }
    const videos = VIDEOS_OF_EACH * DAMAGES.length;
    const figure = `${wrong} of ${videos} videos; all done ${seconds(longest)} after the read; ${remakes} results made again`;
    return [outcome('R17', wrong === 0 && longest <= 5_000 && remakes >= videos, figure)];
  },
};

async function damageLatents(run: SumRun, damage: Damage) {
  const { system, fleet } = run;
  // Without the decoder, the videos wait with finished latents.
  const decoder = fleet.pid('decode');
  process.kill(decoder, 'SIGSTOP');
  const plan = { segments: 1, frames: 4, steps: 2, checkpointSteps: 2 };
  const added: StoredRecord[] = [];
  for (let i = 0; i < VIDEOS_OF_EACH; i++) added.push(await system.add(`${damage} ${i}`, plan));
  const waiting = await Promise.all(
    added.map(({ record }) => system.until(record, (stored) => denoised(stored), 60_000)),
  );
  if (damage === 'byte changed in a file of NATS') await changeFiles(run, waiting);
  else for (const stored of waiting) await damageObject(run, stored, damage);
  const begun = performance.now();
  process.kill(decoder, 'SIGCONT');
  const ended = await Promise.all(
    added.map(({ record }) => system.until(record, (stored) => isTerminal(stored.record), 60_000)),
  );
  const longest = performance.now() - begun;
  const faults = await Promise.all(ended.map(({ record }) => run.faultOf(record)));
  return {
    longest,
    wrong: faults.filter((fault) => fault !== null).length,
    remakes: ended.flatMap(({ record }) => record.tasks).reduce((sum, task) => sum + task.remakes, 0),
  };
}

const denoised = ({ record }: StoredRecord): boolean => findTask(record, DENOISE)?.state === TaskState.DONE;
const latentsOf = ({ record }: StoredRecord) => findTask(record, DENOISE)!.outputs[0]!;

async function damageObject({ system }: SumRun, stored: StoredRecord, damage: Damage): Promise<void> {
  const manager = await jetstreamManager(system.nats, { checkAPI: false });
  const stream = bucketStream(Lifetime.LATENTS);
  const entrySubject = metadataSubject(Lifetime.LATENTS, latentsOf(stored).name);
  if (damage === 'entry removed') {
    await manager.streams.purge(stream, { filter: entrySubject });
    return;
  }
  const entry = await manager.streams.getMessage(stream, { last_by_subj: entrySubject });
  const chunk = chunkSubject(Lifetime.LATENTS, entry!.json<{ nuid: string }>().nuid);
  const content = await manager.streams.getMessage(stream, { last_by_subj: chunk });
  await manager.streams.purge(stream, { filter: chunk });
  if (damage === 'chunk removed') return;
  const changed = content!.data.map((byte, index) => (index === 100 ? byte ^ 1 : byte));
  await manager.jetstream().publish(chunk, changed);
}

/** Flips a bit of each latents in the files of the stopped server. */
async function changeFiles({ server, system }: SumRun, waiting: readonly StoredRecord[]): Promise<void> {
  const contents = await Promise.all(waiting.map((stored) => system.artifacts.get(latentsOf(stored))));
  await server.kill();
  const files = await readdir(server.folder, { recursive: true });
  for (const file of files.filter((name) => name.includes('OBJ_latents') && name.endsWith('.blk'))) {
    const path = join(server.folder, file);
    const data = await readFile(path);
    for (const content of contents) {
      const at = data.indexOf(content);
      if (at >= 0) data[at + 100]! ^= 1;
    }
    await writeFile(path, data);
  }
  await server.start();
}
