import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { startTestGateway } from '@cinematica/gateway/testing/gateway';
import { changed, TaskState } from '@cinematica/pipeline';
import { table } from '@cinematica/svd/parity';
import { printHelp } from './support/print-help.ts';

const USAGE = `usage: npm run bench -- gateway [--watchers 500] [--rate 200] [--seconds 10] [--videos 10] [--changes 1]

Measures one gateway with its own nats-server; both run on this machine, as the load generator does. --watchers watch
--videos videos, each of which changes --changes times per second. At the same time there are --rate requests per second
(60 % GetVideo, 25 % ListVideos, 10 % GetCapabilities, 5 % CreateVideo with a photo of 768×512). Prints the response times,
the time from a change to the event at a watcher, and the resident memory of the gateway.`;
printHelp(USAGE);

const { values } = parseArgs({
  options: {
    watchers: { type: 'string', default: '500' },
    rate: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '10' },
    videos: { type: 'string', default: '10' },
    changes: { type: 'string', default: '1' },
  },
});
const [watchers, rate, seconds, videos, changes] = [
  values.watchers,
  values.rate,
  values.seconds,
  values.videos,
  values.changes,
].map(Number) as [number, number, number, number, number];
if (![watchers, rate, seconds, videos, changes].every((value) => value > 0)) {
  console.error(USAGE);
  process.exit(2);
}

const MANY = '1000000';
await using gateway = await startTestGateway({
  CALLS_PER_SECOND: MANY,
  MAX_WATCHES_PER_CALLER: MANY,
  MAX_ACTIVE_PER_OWNER: MANY,
  MAX_DAILY_PER_OWNER: MANY,
  MAX_QUEUED: MANY,
  // Only this benchmark changes the records.
  ADMIT_RUNNING: '1',
});
const client = gateway.client();
const image = await sharp({
  create: {
    width: 768,
    height: 512,
    channels: 3,
    noise: { type: 'gaussian', mean: 128, sigma: 20 },
    background: 'grey',
  },
})
  .jpeg({ quality: 80 })
  .toBuffer();
const source = { case: 'image' as const, value: new Uint8Array(image) };
const names: string[] = [];
for (let i = 0; i < videos; i++) names.push((await client.createVideo({ source })).video!.name);

const resting = memory();
/** The time of each change, by video and revision. */
const made = new Map<string, number>();
const eventLatencies: number[] = [];
const ended = new AbortController();
let connected = 0;

async function watch(name: string): Promise<void> {
  let first = true;
  for await (const { message } of client.watchVideo({ name }, { signal: ended.signal })) {
    if (first) connected++;
    first = false;
    if (message.case !== 'event') continue;
    const time = made.get(`${name} ${message.value.sequence}`);
    if (time !== undefined) eventLatencies.push(performance.now() - time);
  }
}

const watching = Array.from({ length: watchers }, (_, i) => watch(names[i % names.length]!).catch(() => undefined));
while (connected < watchers) await delay(50);
const watched = memory();

async function changeRepeatedly(name: string): Promise<void> {
  const ref = { owner: 'key-ann', videoId: name.replace('videos/', '') };
  // A random start, so that the videos do not change at the same time.
  await delay((Math.random() * 1000) / changes);
  for (let step = 1; !ended.signal.aborted; step++) {
    const begin = performance.now();
    const { stored } = await gateway.records.update(ref, (record) => {
      Object.assign(record.tasks[0]!, { state: TaskState.READY, step, steps: 10_000 });
      return changed();
    });
    made.set(`${name} ${stored.revision}`, begin);
    await delay(1000 / changes);
  }
}

const times: Record<string, number[]> = { GetVideo: [], ListVideos: [], GetCapabilities: [], CreateVideo: [] };
let failures = 0;

async function request(i: number): Promise<void> {
  const at = i % 20;
  const kind = at < 12 ? 'GetVideo' : at < 17 ? 'ListVideos' : at < 19 ? 'GetCapabilities' : 'CreateVideo';
  const begin = performance.now();
  try {
    if (kind === 'GetVideo') await client.getVideo({ name: names[i % names.length]! });
    else if (kind === 'ListVideos') await client.listVideos({ pageSize: 20 });
    else if (kind === 'GetCapabilities') await client.getCapabilities({});
    else await client.createVideo({ source });
    times[kind]!.push(performance.now() - begin);
  } catch {
    failures++;
  }
}

const changing = names.map(changeRepeatedly);
const begun = performance.now();
const pending: Promise<void>[] = [];
let peak = 0;
for (let i = 0; i < rate * seconds; i++) {
  // By the clock: a slow request does not delay the next one.
  await delay(Math.max(0, begun + (i * 1000) / rate - performance.now()));
  pending.push(request(i));
  if (i % rate === 0) peak = Math.max(peak, memory());
}
await Promise.all(pending);
const elapsed = (performance.now() - begun) / 1000;
peak = Math.max(peak, memory());
ended.abort();
await Promise.all([...watching, ...changing]);

const rows = [...Object.entries(times), ['event to watcher', eventLatencies] as const].map(([name, all]) => [
  name,
  String(all.length),
  ...[0.5, 0.99, 1].map((share) => `${quantile(all, share).toFixed(1)} ms`),
]);
console.log(table(['', 'count', 'p50', 'p99', 'max'], rows));
console.log(`
${(pending.length / elapsed).toFixed(0)} requests per second, ${failures} failed; ${watchers} watchers of ${videos} videos
resident memory: ${resting} MB at rest, ${watched} MB with all watchers, ${peak} MB at most`);

/** Resident memory of the gateway in MB, without the photo process. */
function memory(): number {
  const [, kilobytes = '0'] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${gateway.pid}/status`, 'utf8')) ?? [];
  return Math.round(Number(kilobytes) / 1024);
}

function quantile(all: readonly number[], share: number): number {
  const sorted = all.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
