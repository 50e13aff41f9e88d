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
import { printHelp } from './support/print-help.ts';

const USAGE = `usage: npm run bench -- fleet [--device ${Object.keys(DEVICES).join('|')}] [--times FILE] [--seed 1]

Simulates the queues of the stages with given stage times: the throughput of a fleet, and the latency with steady
arrivals, with a burst, after the loss of a GPU node, and with autoscaling to zero. Videos of 50 frames at 1024×576.

  --times  JSON file instead of a device: { "encode", "denoise", "decode", "mux", "checkpoint", "load" }, in seconds`;
printHelp(USAGE);

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

/** The time until a new GPU node is available, in seconds. */
const NODE_START = 180;
const steady = (count: number): Scaling => ({
  min: count,
  max: count,
  tasksPerReplica: 1,
  start: NODE_START,
  cooldown: 300,
});
const scaled = (max: number, min: number, tasksPerReplica: number): Scaling => ({
  min,
  max,
  tasksPerReplica,
  start: NODE_START + times.load,
  cooldown: 300,
});
/** A fleet in which the other stages have a load of at most 80 %. */
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
/** A GPU that both stages of a video share, one after the other. */
function oneGpu(): string[] {
  const hourly = 3_600 / (2 * times!.denoise + 2 * times!.decode);
  return ['1', '1', 'in it', '1', '1', String(Math.round(hourly)), String(Math.round(hourly * DAY))];
}

console.log(`Stage times (s): ${JSON.stringify(times)}\n`);
console.log('Throughput of a busy fleet. The other stages have a load of at most 80 %:\n');
console.log(
  table(
    ['denoisers', 'encoders', 'decoders', 'muxers', 'GPUs', 'videos/hour', 'videos/day'],
    [
      oneGpu(),
      ...[1, 2, 4, 8, 16, 32, 64].map((denoisers) => {
        const { encode, decode, mux } = fleetOf(denoisers);
        const hourly = videosAnHour(denoisers);
        const gpus = denoisers + decode.max;
        return [denoisers, encode.max, decode.max, mux.max, gpus, Math.round(hourly), Math.round(hourly * DAY)].map(
          String,
        );
      }),
    ],
  ),
);

const HOURS = 6;
const rows: string[][] = [];
function row(what: string, denoisers: string, { latencies, use, maxQueueLength, gpuSecondsPerVideo }: Outcome): void {
  const at = [0.5, 0.95, 0.99, 1].map((share) => `${Math.round(percentile(latencies, share))} s`);
  const percent = (share: number) => `${Math.round(100 * share)} %`;
  rows.push([
    what,
    denoisers,
    String(latencies.length),
    ...at,
    percent(use.denoise),
    percent(use.decode),
    String(maxQueueLength.denoise),
    `${Math.round(gpuSecondsPerVideo)} s`,
  ]);
}
for (const denoisers of [4, 16]) {
  const fleet = fleetOf(denoisers);
  for (const load of [0.5, 0.7, 0.85, 0.95]) {
    const arrivals = poisson((load * videosAnHour(denoisers)) / 3_600, HOURS * 3_600, seed);
    row(`steady, ${100 * load} % load`, String(denoisers), simulate({ times, fleet, arrivals }));
  }
  const usual = poisson((0.5 * videosAnHour(denoisers)) / 3_600, HOURS * 3_600, seed);
  const hour = Math.round(videosAnHour(denoisers) / 2);
  const crowd = [...usual, ...burst(hour, 3_600)].sort((a, b) => a - b);
  row(`50 % load, and a burst of ${hour}`, String(denoisers), simulate({ times, fleet, arrivals: crowd }));
  const loss = { at: 7_200, workers: denoisers / 2, seconds: 900 };
  const busy = poisson((0.7 * videosAnHour(denoisers)) / 3_600, HOURS * 3_600, seed);
  row(
    '70 % load, half of the GPUs lost for 15 min',
    String(denoisers),
    simulate({ times, fleet, arrivals: busy, loss }),
  );
}
const scaledToZero = { ...fleetOf(8), denoise: scaled(8, 0, 2), decode: scaled(4, 0, 4) };
row(
  'one video per hour, scaled to zero between',
  '0–8',
  simulate({ times, fleet: scaledToZero, arrivals: poisson(1 / 3_600, 48 * 3_600, seed) }),
);
row('burst of 100, scaled to zero', '0–8', simulate({ times, fleet: scaledToZero, arrivals: burst(100, 60) }));
const scaledToTwo = { ...scaledToZero, denoise: scaled(8, 2, 2), decode: scaled(4, 1, 4) };
row('burst of 100, at least two denoisers', '2–8', simulate({ times, fleet: scaledToTwo, arrivals: burst(100, 60) }));

console.log(`\nLatency: ${HOURS} hours of random arrivals if they are steady; a new node starts in ${NODE_START} s.\n`);
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
      'max. queue length',
      'GPU time per video',
    ],
    rows,
  ),
);

console.log('\nA million videos per day:\n');
const MILLION = 1_000_000;
const perSecond = MILLION / (DAY * 3_600);
const mib = (bytes: number) => bytes / 2 ** 20;
const peak = 2 * perSecond;
/** Bytes of the artifacts of a video: photo, latents with two saved states per segment, yuv420p frames, media. */
const bytes = { photo: 0.6e6, latents: 4 * 1.8e6, frames: 2 * 22e6, media: 8e6 };
/** Updates of a record: 2 for the video, 2 for each task (start and end), and one for each of 25 steps per segment. */
const changes = 2 + 6 * 2 + 2 * 25;
console.log(
  table(
    ['', 'on average', 'at twice the average'],
    [
      ['videos per second', perSecond.toFixed(1), peak.toFixed(1)],
      [
        'denoisers, at 80 % load',
        String(Math.ceil((perSecond * 2 * times.denoise) / 0.8)),
        String(Math.ceil((peak * 2 * times.denoise) / 0.8)),
      ],
      [
        'decoders, at 80 % load',
        String(Math.ceil((perSecond * 2 * times.decode) / 0.8)),
        String(Math.ceil((peak * 2 * times.decode) / 0.8)),
      ],
      ['record updates per second', Math.round(perSecond * changes).toString(), Math.round(peak * changes).toString()],
      [
        'artifacts written, MiB/s',
        mib(perSecond * (bytes.photo + bytes.latents + bytes.frames + bytes.media)).toFixed(0),
        mib(peak * (bytes.photo + bytes.latents + bytes.frames + bytes.media)).toFixed(0),
      ],
      [
        'of these, frames (in memory), MiB/s',
        mib(perSecond * bytes.frames).toFixed(0),
        mib(peak * bytes.frames).toFixed(0),
      ],
      ['disk space per day, TB, without replicas', ((MILLION * (bytes.photo + bytes.media)) / 1e12).toFixed(1), ''],
    ],
  ),
);
