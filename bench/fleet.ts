import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { table } from '@cinematica/svd/parity';
import { burst, percentile, poisson } from './fleet/arrivals.ts';
import type { Scaling } from './fleet/pool.ts';
import { simulate } from './fleet/simulate.ts';
import type { Outcome, Scenario } from './fleet/simulate.ts';
import { DEVICES } from './fleet/stage-times.ts';
import type { StageTimes } from './fleet/stage-times.ts';

const USAGE = `usage: npm run bench -- fleet [--device ${Object.keys(DEVICES).join('|')}] [--times FILE] [--seed 1]

A simulation of the chain of queues with given times of the stages: what a fleet makes, and how long people wait, with
steady arrivals, a burst, a GPU node that goes, and workers that sleep. Videos of 50 frames at 1024×576.

  --times  JSON in place of a device: { "encode", "denoise", "decode", "mux", "checkpoint", "load" }, in seconds`;

const { values } = parseArgs({
  options: {
    device: { type: 'string', default: 'a100' },
    times: { type: 'string' },
    seed: { type: 'string', default: '1' },
  },
});
const seconds = z.number().positive();
const timesSchema = z.strictObject({
  encode: seconds,
  denoise: seconds,
  decode: seconds,
  mux: seconds,
  checkpoint: seconds,
  load: seconds,
});
const times: StageTimes | undefined =
  values.times === undefined
    ? DEVICES[values.device]
    : timesSchema.parse(JSON.parse(await readFile(values.times, 'utf8')));
const seed = Number(values.seed);
if (!times || !Number.isInteger(seed)) {
  console.error(USAGE);
  process.exit(2);
}

/** A node with a GPU has to be had first. Seconds. */
const NODE = 180;
const steady = (count: number): Scaling => ({
  least: count,
  most: count,
  tasksPerReplica: 1,
  start: NODE,
  patience: 300,
});
const scaled = (most: number, least: number, tasksPerReplica: number): Scaling => ({
  least,
  most,
  tasksPerReplica,
  start: NODE + times.load,
  patience: 300,
});
/** As many of the others as so many denoisers keep busy at most. */
function fleetOf(denoisers: number): Scenario['fleet'] {
  const share = (each: number) => Math.max(1, Math.ceil((denoisers * each) / (2 * times!.denoise) / 0.8));
  return {
    encode: steady(share(times!.encode)),
    denoise: steady(denoisers),
    decode: steady(share(2 * times!.decode)),
    mux: steady(share(times!.mux)),
  };
}
const videosAnHour = (denoisers: number) => (denoisers * 3_600) / (2 * times.denoise);
const DAY = 24;

console.log(`Times of the stages (s): ${JSON.stringify(times)}\n`);
console.log('What a fleet makes, all busy; the others are as many as that needs, at 80 % of their time at most:\n');
console.log(
  table(
    ['denoisers', 'encoders', 'decoders', 'muxers', 'GPUs', 'videos/hour', 'videos/day'],
    [1, 2, 4, 8, 16, 32, 64].map((denoisers) => {
      const { encode, decode, mux } = fleetOf(denoisers);
      const hourly = videosAnHour(denoisers);
      const gpus = denoisers + decode.most;
      return [denoisers, encode.most, decode.most, mux.most, gpus, Math.round(hourly), Math.round(hourly * DAY)].map(
        String,
      );
    }),
  ),
);

const HOURS = 6;
const rows: string[][] = [];
function row(what: string, denoisers: string, { latencies, use, deepest, gpuSecondsPerVideo }: Outcome): void {
  const at = [0.5, 0.95, 0.99, 1].map((share) => `${Math.round(percentile(latencies, share))} s`);
  const percent = (share: number) => `${Math.round(100 * share)} %`;
  rows.push([
    what,
    denoisers,
    String(latencies.length),
    ...at,
    percent(use.denoise),
    percent(use.decode),
    String(deepest.denoise),
    `${Math.round(gpuSecondsPerVideo)} s`,
  ]);
}
for (const denoisers of [4, 16]) {
  const fleet = fleetOf(denoisers);
  for (const load of [0.5, 0.7, 0.85, 0.95]) {
    const arrivals = poisson((load * videosAnHour(denoisers)) / 3_600, HOURS * 3_600, seed);
    row(`steady, ${100 * load} % of what it makes`, String(denoisers), simulate({ times, fleet, arrivals }));
  }
  const usual = poisson((0.5 * videosAnHour(denoisers)) / 3_600, HOURS * 3_600, seed);
  const hour = Math.round(videosAnHour(denoisers) / 2);
  const crowd = [...usual, ...burst(hour, 3_600)].sort((a, b) => a - b);
  row(`50 %, and ${hour} at once`, String(denoisers), simulate({ times, fleet, arrivals: crowd }));
  const loss = { at: 7_200, workers: denoisers / 2, seconds: 900 };
  const busy = poisson((0.7 * videosAnHour(denoisers)) / 3_600, HOURS * 3_600, seed);
  row('70 %, half the GPUs gone for 15 min', String(denoisers), simulate({ times, fleet, arrivals: busy, loss }));
}
const sleepy = { ...fleetOf(8), denoise: scaled(8, 0, 2), decode: scaled(4, 0, 4) };
row(
  'one video an hour, asleep between',
  '0–8',
  simulate({ times, fleet: sleepy, arrivals: poisson(1 / 3_600, 48 * 3_600, seed) }),
);
row('100 at once, all asleep', '0–8', simulate({ times, fleet: sleepy, arrivals: burst(100, 60) }));
const awake = { ...sleepy, denoise: scaled(8, 2, 2), decode: scaled(4, 1, 4) };
row('100 at once, two awake', '2–8', simulate({ times, fleet: awake, arrivals: burst(100, 60) }));

console.log(
  `\nHow long people wait: ${HOURS} hours of arrivals where they are steady, at random; a new node takes ${NODE} s.\n`,
);
console.log(
  table(
    [
      '',
      'denoisers',
      'videos',
      'median',
      '95 %',
      '99 %',
      'longest',
      'denoisers busy',
      'decoders busy',
      'deepest queue',
      'GPU time a video',
    ],
    rows,
  ),
);

console.log('\nA million videos a day:\n');
const MILLION = 1_000_000;
const perSecond = MILLION / (DAY * 3_600);
const mib = (bytes: number) => bytes / 2 ** 20;
const peak = 2 * perSecond;
/** Bytes of a video's artifacts: photo, latents with two checkpoints kept a segment, yuv420p frames, media. */
const bytes = { photo: 0.6e6, latents: 4 * 1.8e6, frames: 2 * 22e6, media: 8e6 };
/** Changes of a record: accepted, and of each stage its claim and end; a step each, 25 a segment. */
const changes = 2 + 6 * 2 + 2 * 25;
console.log(
  table(
    ['', 'on average', 'at a peak of twice that'],
    [
      ['videos a second', perSecond.toFixed(1), peak.toFixed(1)],
      [
        'denoisers, at 80 %',
        String(Math.ceil((perSecond * 2 * times.denoise) / 0.8)),
        String(Math.ceil((peak * 2 * times.denoise) / 0.8)),
      ],
      [
        'decoders, at 80 %',
        String(Math.ceil((perSecond * 2 * times.decode) / 0.8)),
        String(Math.ceil((peak * 2 * times.decode) / 0.8)),
      ],
      [
        'changes of records a second',
        Math.round(perSecond * changes).toString(),
        Math.round(peak * changes).toString(),
      ],
      [
        'artifacts written, MiB/s',
        mib(perSecond * (bytes.photo + bytes.latents + bytes.frames + bytes.media)).toFixed(0),
        mib(peak * (bytes.photo + bytes.latents + bytes.frames + bytes.media)).toFixed(0),
      ],
      [
        'of them frames, in memory, MiB/s',
        mib(perSecond * bytes.frames).toFixed(0),
        mib(peak * bytes.frames).toFixed(0),
      ],
      ['on disk a day, TB, before replicas', ((MILLION * (bytes.photo + bytes.media)) / 1e12).toFixed(1), ''],
    ],
  ),
);
