import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import {
  backupVolume,
  bucketLimit,
  bucketName,
  FREE_SHARE,
  isTerminal,
  LIFETIMES,
  pipelineSettingsSchema,
  readStorageUse,
  storageTotals,
  VIDEO_MIB,
} from '@cinematica/pipeline';
import type { StoredRecord } from '@cinematica/pipeline';
import { table } from '@cinematica/svd/parity';
import { S3_SERVER, startTestS3 } from '../test/support/s3-server.ts';
import type { TestS3 } from '../test/support/s3-server.ts';
import { startSumRun } from './hold/support/sum-run.ts';
import type { SumRun } from './hold/support/sum-run.ts';
import { printHelp } from './support/print-help.ts';

const USAGE = `usage: npm run bench -- storage [--videos 40] [--store s3|nats] [--minutes 0]
       npm run bench -- storage --sizes [--videos-per-hour 100] [--keep-hours 168] [--running 64] [--keep-backups 3]

Makes videos whose photo (${VIDEO_MIB.photos} MiB) and files (${VIDEO_MIB.media} MiB) have real sizes, by workers that compute almost nothing, with 1 MiB
for each latents and frames, and prints what NATS and S3 store before, after, and at most meanwhile. --minutes spreads the videos
evenly over a time: 60 is an hour of a GPU. With --store s3 it exits with 1 if photos or files are in
NATS afterwards. It needs versitygw (CONTRIBUTING.md). --sizes only prints what follows from a rate and a retention: the limits of the
buckets, and the sizes for the section “Yours” of deploy/k8s/overlays/production/kustomization.yaml.`;
printHelp(USAGE);

const MIB = 1024 ** 2;
/** How often it is measured while nothing is due. */
const SAMPLE_MS = 5_000;
const { values } = parseArgs({
  options: {
    videos: { type: 'string', default: '40' },
    store: { type: 'string', default: 's3' },
    minutes: { type: 'string', default: '0' },
    sizes: { type: 'boolean', default: false },
    'videos-per-hour': { type: 'string', default: '100' },
    'keep-hours': { type: 'string', default: '168' },
    running: { type: 'string', default: '64' },
    'keep-backups': { type: 'string', default: '3' },
  },
});
const videos = Number(values.videos);
const minutes = Number(values.minutes);
const inS3 = values.store === 's3';
if (!(videos > 0) || !(minutes >= 0) || !['s3', 'nats'].includes(values.store)) {
  console.error(USAGE);
  process.exit(2);
}
const photo = (index: number): string => `photo ${index} `.padEnd(VIDEO_MIB.photos * MIB, 'x');
const inGib = (mebibytes: number): number => Math.ceil(mebibytes / 1024);
const inMib = (bytes: number): string => (bytes / MIB).toFixed(1);

if (values.sizes) printSizes();
else await measure();

function printSizes(): void {
  const settings = pipelineSettingsSchema.parse({
    VIDEOS_PER_HOUR: values['videos-per-hour'],
    KEEP_HOURS: values['keep-hours'],
    ADMIT_RUNNING: values.running,
    NATS_REPLICAS: '3',
  });
  const keep = Number(values['keep-backups']);
  const both = [
    { name: 'all in NATS', settings },
    { name: 'photos and media in S3', settings: { ...settings, S3_BUCKET: 'videos' } },
  ];
  const limits = both.map((each) => [
    each.name,
    ...LIFETIMES.map((lifetime) => bucketLimit(lifetime, each.settings)).map((limit) =>
      limit === 0 ? '(S3)' : `${limit.toLocaleString('en')} MiB`,
    ),
  ]);
  console.log(table(['', ...LIFETIMES.map(bucketName)], limits));
  const sizes = both.map((each) => {
    const { disk } = storageTotals(each.settings);
    // A twentieth of the store and 1 GiB are for queues and dead letters, and a tenth of the volume for NATS' own files.
    const store = inGib(disk / 0.95) + 1;
    const volume = Math.max(inGib(disk / (1 - FREE_SHARE)), Math.ceil(store / 0.9));
    return [each.name, `${store}GB`, `${volume}Gi`, `${inGib(backupVolume(keep, each.settings))}Gi`];
  });
  console.log(`\n${table(['at least', 'nats-file-store', 'nats-storage-size', 'backup-storage-size'], sizes)}`);
}

async function measure(): Promise<void> {
  if (inS3 && S3_SERVER === null) {
    console.error('There is no versitygw: CONTRIBUTING.md says how it is built.');
    process.exit(1);
  }
  await using cleanup = new AsyncDisposableStack();
  const s3 = inS3 ? cleanup.use(await startTestS3()) : null;
  const environment = pipelineSettingsSchema.parse({ ...s3?.environment() });
  await using run = await startSumRun({
    settings: Object.fromEntries(Object.entries(environment).filter(([name]) => /^(S3|AWS)_/.test(name))),
    stepMilliseconds: 1,
    workers: 1,
    workerEnv: { OUTPUT_KIB: '1024', MEDIA_KIB: String(VIDEO_MIB.media * 1024) },
  });
  const before = await measured(run, s3);
  const most = { ...before };
  const begun = performance.now();
  const added: StoredRecord[] = [];
  for (let index = 0; index < videos; index++) {
    const due = begun + (index / videos) * minutes * 60_000;
    while (performance.now() < due) {
      await delay(Math.min(SAMPLE_MS, due - performance.now()));
      for (const [name, bytes] of Object.entries(await measured(run, s3)))
        most[name] = Math.max(most[name] ?? 0, bytes);
    }
    added.push(await run.system.add(photo(index)));
  }
  for (const { record } of added) await run.system.until(record, (stored) => isTerminal(stored.record), 600_000);
  const seconds = (performance.now() - begun) / 1000;
  await settled(run);
  const after = await measured(run, s3);
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const inAll = names.map((name) => [name, ...[before, most, after].map((each) => inMib(each[name] ?? 0))]);
  console.log(`${videos} videos in ${seconds.toFixed(0)} s, MiB:`);
  console.log(table(['', 'before', 'at most meanwhile', 'after'], inAll));
  const kept = (after.photos ?? 0) + (after.media ?? 0);
  if (inS3 && kept > 0) {
    console.error('Photos or files are in NATS.');
    process.exitCode = 1;
  }
}

/** The bytes of each bucket, of all other streams, of the files of nats-server, and of those of S3. */
async function measured(run: SumRun, s3: TestS3 | null): Promise<Record<string, number>> {
  const files = { 'files of nats-server': await folderBytes(run.server.folder) };
  return { ...(await used(run)), ...files, ...(s3 && { S3: await folderBytes(s3.folder) }) };
}

/** The bytes of each bucket, and of all other streams together. */
async function used({ system }: SumRun): Promise<Record<string, number>> {
  const bytes: Record<string, number> = {};
  for (const { bucket, bytes: more } of await readStorageUse(system.nats, system.settings)) {
    const name = bucket ?? 'records and queues';
    bytes[name] = (bytes[name] ?? 0) + more;
  }
  return bytes;
}

/** Waits until the garbage collection has removed what can be made again. */
async function settled(run: SumRun): Promise<void> {
  for (let tries = 0; tries < 60; tries++) {
    const now = await used(run);
    if ((now.latents ?? 0) === 0 && (now.frames ?? 0) === 0) return;
    await delay(500);
  }
}

async function folderBytes(folder: string): Promise<number> {
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const sizes = await Promise.all(
    files.map(({ parentPath, name }) =>
      stat(join(parentPath, name)).then(
        ({ size }) => size,
        // It has been removed since.
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
