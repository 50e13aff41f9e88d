import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createModel, createRuntime, decode, denoise, openCheckpoint } from '@cinematica/svd';
import type { Model, Runtime } from '@cinematica/svd';
import { normals } from '@cinematica/svd/internal';
import { table } from '@cinematica/svd/parity';
import { countOnCpu, predictOnGpu, sizeOf } from './qualities/count.ts';
import { qualityPlans } from './qualities/quality-plans.ts';
import type { QualityPlan } from './qualities/quality-plans.ts';
import { printHelp } from './support/print-help.ts';

const USAGE = `usage: npm run bench -- qualities CHECKPOINT [--size 256x128] [--frames 14] [--threads 2] [--count-only]

Compares the qualities of a model. For each kind of step, and for decoding: floating-point operations, seconds, and seconds of
CPU time, which other programs do not change much. Each is the first run of its graph, without loading it. Then the whole video
of each quality is added up from its steps. --count-only: counts the operations of whole videos and predicts them for GPUs, and
measures nothing.

Random weights are sufficient: node bench/full-size/write-checkpoint.ts DIR writes those of SVD-XT and of its draft.`;
printHelp(USAGE);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    size: { type: 'string', default: '256x128' },
    frames: { type: 'string', default: '14' },
    threads: { type: 'string', default: '2' },
    'count-only': { type: 'boolean', default: false },
  },
});
const [folder] = positionals;
const [width = 0, height = 0] = values.size.split('x').map(Number);
const [frames, threads] = [Number(values.frames), Number(values.threads)];
if (!folder || ![width, height, frames, threads].every((value) => value > 0)) {
  console.error(USAGE);
  process.exit(2);
}

/** Rates in large matrix products and in memory: those of docs/performance.md for the H200; the same parts of the A100's data sheet. */
const GPUS = {
  'A100 SXM': { flops: 250e12, bytes: 1.83e12 },
  H200: { flops: 790e12, bytes: 4.3e12 },
} as const;

interface Measured {
  /** In the computing process. */
  readonly seconds: number;
  readonly cpu: number;
}

/** Notes the time of each run of a graph. */
function observe(runtime: Runtime, onRun: (measured: Measured) => void): Runtime {
  return {
    ...runtime,
    async run(key, feeds, signal) {
      const before = cpuSeconds(runtime.stats().pid);
      const outputs = await runtime.run(key, feeds, signal);
      const cpu = cpuSeconds(runtime.stats().pid) - before;
      onRun({ seconds: (runtime.stats().graphs[key]?.lastRunMs ?? NaN) / 1000, cpu });
      return outputs;
    },
  };
}

/** CPU time of a process, with that of its ended threads. Seconds. Only on Linux. */
function cpuSeconds(pid: number | null): number {
  if (pid === null) return NaN;
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Runs a step of each kind, and decodes a chunk. */
async function measure(plan: QualityPlan, model: Model, last: () => Measured) {
  const { checkpoint, settings, steps, chunks } = plan;
  const shape = sizeOf(checkpoint, settings);
  const random = (tensor: string, length: number) => normals({ seed: 1, segment: 0, step: 0, tensor }, length);
  const { latent_channels: channels } = checkpoint.vae.config;
  const size = { channels, width: shape.width, height: shape.height };
  const conditioning = {
    ...size,
    imageEmbedding: random('embedding', checkpoint.imageEncoder.config.projection_dim),
    imageLatents: random('image', channels * size.height * size.width),
    previewMap: new Float32Array(),
  };
  const kinds = new Map<string, Measured>();
  const stop = new AbortController();
  const wanted = new Set(steps.map(({ name }) => name)).size;
  const latents = await denoise(model, conditioning, settings, {
    signal: stop.signal,
    onStep({ step }) {
      const name = steps[step - 1]?.name ?? '';
      if (!kinds.has(name)) {
        kinds.set(name, last());
        console.error(`${plan.quality}: ${name}: ${last().seconds.toFixed(1)} s`);
      }
      if (kinds.size === wanted) stop.abort();
    },
  }).catch((error: unknown) => {
    if (!stop.signal.aborted) throw error;
    return random('latents', channels * shape.frames * size.height * size.width);
  });
  const [chunk = 1] = chunks;
  for await (const { count } of decode(
    model,
    latents.subarray(0, (latents.length / shape.frames) * chunk),
    size,
    chunk,
  )) {
    console.error(`${plan.quality}: decoding ${count} frames: ${last().seconds.toFixed(1)} s`);
  }
  const scale = shape.frames / chunk;
  return { kinds, decode: { seconds: last().seconds * scale, cpu: last().cpu * scale } };
}

const tera = (operations: number): string => (operations / 1e12).toFixed(2);
const seconds = (value: number): string => value.toFixed(1);

const checkpoint = await openCheckpoint(folder);
const plans = qualityPlans(checkpoint, { width, height, frames });
const counts = new Map(plans.map((plan) => [plan.quality, countOnCpu(plan)]));
const best = counts.get('best')?.total ?? NaN;
console.log(`${checkpoint.card.title}, ${width}×${height}, ${frames} frames`);

if (values['count-only']) {
  const rows = plans.map((plan) => {
    const count = counts.get(plan.quality)!;
    const gpus = Object.values(GPUS).map((rates) => `${seconds(predictOnGpu(plan, rates).total)} s`);
    return [plan.quality, `${tera(count.total)} TFLOP`, (count.total / best).toFixed(3), ...gpus];
  });
  console.log(table(['quality', 'steps and decoding', 'of best', ...Object.keys(GPUS)], rows));
} else {
  let newest: Measured = { seconds: NaN, cpu: NaN };
  const runtime = observe(await createRuntime({ provider: 'cpu', threads }), (measured) => (newest = measured));
  await using model = createModel(checkpoint, runtime);
  const [partRows, videoRows]: [string[][], string[][]] = [[], []];
  const cpuOf = new Map<string, number>();
  for (const plan of plans) {
    const { kinds, decode: decoding } = await measure(plan, model.withComponentsOf(plan.components), () => newest);
    const count = counts.get(plan.quality)!;
    const row = (part: string, operations: number, { seconds: wall, cpu }: Measured) =>
      partRows.push([
        plan.quality,
        part,
        tera(operations),
        seconds(wall),
        seconds(cpu),
        (operations / cpu / 1e9).toFixed(0),
      ]);
    for (const [name, measured] of kinds) row(`step: ${name}`, count.steps.get(name) ?? NaN, measured);
    row('decoding', count.decode, decoding);
    const sum = (of: keyof Measured) =>
      plan.steps.reduce((total, { name }) => total + (kinds.get(name)?.[of] ?? NaN), decoding[of]);
    cpuOf.set(plan.quality, sum('cpu'));
    const share = (value: number, ofBest: number) => (value / ofBest).toFixed(3);
    videoRows.push([
      plan.quality,
      tera(count.total),
      share(count.total, best),
      seconds(sum('seconds')),
      seconds(sum('cpu')),
      share(sum('cpu'), cpuOf.get('best') ?? NaN),
    ]);
  }
  console.log(table(['quality', 'part', 'TFLOP', 's', 'CPU s', 'GFLOP/CPU s'], partRows));
  console.log(table(['quality', 'TFLOP', 'of best', 's', 'CPU s', 'of best'], videoRows));
}
