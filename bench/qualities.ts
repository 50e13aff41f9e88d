import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createModel, createRuntime, decode, denoise, openCheckpoint } from '@cinematica/svd';
import type { Model, Runtime } from '@cinematica/svd';
import { normals } from '@cinematica/svd/internal';
import { table } from '@cinematica/svd/parity';
import { countOnCpu, predictOnGpu, sizeOf } from './qualities/count.ts';
import { kindOf, qualityPlans } from './qualities/quality-plans.ts';
import type { QualityPlan } from './qualities/quality-plans.ts';
import { printHelp } from './support/print-help.ts';

const USAGE = `usage: npm run bench -- qualities CHECKPOINT [--size 256x128] [--frames 14] [--threads 2] [--count-only] [--only best,fast]

Compares the qualities of a model. For each kind of step, and for decoding: floating-point operations, seconds, and seconds of
CPU time, which other programs do not change much. Each is the first run of its graph, without loading it. Then the whole video
of each quality is added up from its steps. --count-only: counts the operations of whole videos and predicts them for GPUs, and
measures nothing. --only: only these qualities.

Random weights are sufficient: node bench/full-size/write-checkpoint.ts DIR writes those of SVD-XT and of its draft.`;
printHelp(USAGE);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    size: { type: 'string', default: '256x128' },
    frames: { type: 'string', default: '14' },
    threads: { type: 'string', default: '2' },
    only: { type: 'string' },
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

const tera = (operations: number): string => (operations / 1e12).toFixed(2);
const seconds = (value: number): string => value.toFixed(1);

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

/** The times of the parts of all qualities, by the components that compute them and their name. */
type Times = Map<string, Measured>;

const partOf = ({ components }: QualityPlan, part: string): string => `${components} ${part}`;

/** Measures the parts of a quality that no other one has had: a step of each kind, and decoding a chunk. */
async function measure(plan: QualityPlan, model: Model, times: Times, last: () => Measured): Promise<void> {
  const { checkpoint, steps, chunks } = plan;
  const wanted = new Set(steps.map(({ name }) => partOf(plan, name)).filter((part) => !times.has(part)));
  const note = (part: string, measured: Measured) => {
    times.set(partOf(plan, part), measured);
    console.error(`${plan.quality}: ${part}: ${seconds(measured.seconds)} s, ${seconds(measured.cpu)} s of CPU time`);
  };
  const shape = sizeOf(checkpoint, plan.settings);
  const random = (tensor: string, length: number) => normals({ seed: 1, segment: 0, step: 0, tensor }, length);
  const { latent_channels: channels } = checkpoint.vae.config;
  const size = { channels, width: shape.width, height: shape.height };
  if (wanted.size > 0) {
    const conditioning = {
      ...size,
      imageEmbedding: random('embedding', checkpoint.imageEncoder.config.projection_dim),
      imageLatents: random('image', channels * size.height * size.width),
      previewMap: new Float32Array(),
    };
    const settings = shortened(plan.settings);
    const stop = new AbortController();
    await denoise(model, conditioning, settings, {
      signal: stop.signal,
      onStep({ step }) {
        const { name } = kindOf(settings, step - 1);
        if (wanted.delete(partOf(plan, name))) note(name, last());
        if (wanted.size === 0) stop.abort();
      },
    }).catch((error: unknown) => {
      if (!stop.signal.aborted) throw error;
    });
  }
  if (times.has(partOf(plan, 'decoding'))) return;
  const [chunk = 1] = chunks;
  const latents = random('latents', channels * chunk * size.height * size.width);
  for await (const { count } of decode(model, latents, size, chunk)) {
    const scale = shape.frames / count;
    note('decoding', { seconds: last().seconds * scale, cpu: last().cpu * scale });
  }
}

/** The same kinds of steps in as few steps as possible. */
function shortened(settings: QualityPlan['settings']): QualityPlan['settings'] {
  const { cacheInterval, guidanceSteps } = settings;
  return guidanceSteps > 0 ? { ...settings, guidanceSteps: cacheInterval, steps: 2 * cacheInterval } : settings;
}

const checkpoint = await openCheckpoint(folder);
const all = qualityPlans(checkpoint, { width, height, frames });
const wanted = values.only?.split(',');
const plans = wanted ? all.filter(({ quality }) => wanted.includes(quality)) : all;
if (plans.length === 0) {
  console.error(`--only: the model has ${all.map(({ quality }) => quality).join(', ')}`);
  process.exit(2);
}
const counts = new Map(all.map((plan) => [plan.quality, countOnCpu(plan)]));
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
  const times: Times = new Map();
  // The steps of the best quality are among those of the fast one.
  for (const plan of plans.toReversed()) {
    await measure(plan, model.withComponentsOf(plan.components), times, () => newest);
  }
  const timeOf = (plan: QualityPlan, part: string) => times.get(partOf(plan, part)) ?? newest;
  const sumOf = (plan: QualityPlan, of: keyof Measured) =>
    plan.steps.reduce((sum, { name }) => sum + timeOf(plan, name)[of], timeOf(plan, 'decoding')[of]);
  const partRows = plans.flatMap((plan) => {
    const count = counts.get(plan.quality)!;
    return [...count.steps, ['decoding', count.decode] as const].map(([part, operations]) => {
      const { seconds: wall, cpu } = timeOf(plan, part);
      return [plan.quality, part, tera(operations), seconds(wall), seconds(cpu), (operations / cpu / 1e9).toFixed(0)];
    });
  });
  const first = plans.find(({ quality }) => quality === 'best');
  const bestCpu = first ? sumOf(first, 'cpu') : NaN;
  const videoRows = plans.map((plan) => {
    const { total } = counts.get(plan.quality)!;
    const cpu = sumOf(plan, 'cpu');
    const shares = [(total / best).toFixed(3), Number.isNaN(bestCpu) ? '' : (cpu / bestCpu).toFixed(3)] as const;
    return [plan.quality, tera(total), shares[0], seconds(sumOf(plan, 'seconds')), seconds(cpu), shares[1]];
  });
  console.log(table(['quality', 'part', 'TFLOP', 's', 'CPU s', 'GFLOP/CPU s'], partRows));
  console.log(table(['quality', 'TFLOP', 'of best', 's', 'CPU s', 'of best'], videoRows));
}
