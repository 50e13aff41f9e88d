import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  chooseRuntime,
  createModel,
  createRuntime,
  onGpu,
  openCheckpoint,
  parseExecutionProvider,
  PCI_ORDER,
} from '@cinematica/svd';
import type { FusedOperator, Model, Runtime, RuntimeOptions } from '@cinematica/svd';
import { emitterFor } from '@cinematica/svd/internal';
import { compareParts, comparisonTable, openGolden, table } from '@cinematica/svd/parity';
import type { Comparison } from '@cinematica/svd/parity';
import { GpuError } from '../scripts/gpu/gpu-error.ts';
import { findNvidiaDevices } from '../scripts/gpu/nvidia-devices.ts';
import { chooseDevice, setUpGpu } from '../scripts/gpu/set-up-gpu.ts';
import { say } from '../scripts/setup/say.mjs';
import { judge, requirePassed, WrongResultError } from './gpu/correctness.ts';
import { runDiffusers } from './gpu/diffusers.ts';
import { JOBS, runJob, staysFinite } from './gpu/jobs.ts';
import type { JobKind, JobTimes } from './gpu/jobs.ts';
import { measureMatrixRate } from './gpu/matrix-rate.ts';
import { roofline, total } from './gpu/roofline.ts';
import { stageModels } from './gpu/stages.ts';
import { watchDevice } from './gpu/watch-device.ts';
import { printHelp } from './support/print-help.ts';

const USAGE = `usage: npm run bench -- gpu CHECKPOINT [--size 1024x576] [--frames 25] [--chunk 8] [--runs 1] [--jobs 0,1,2]
                          [--device 0] [--bandwidth 4.8e12] [--matrix 8192] [--diffusers PYTHON [--compile]]
                          [--golden DIR,…] [--profile PREFIX] [--json FILE] [--provider cuda]

Measures a full-size checkpoint on a GPU: first the proof of the provider, and the correctness with small golden folders, then the matrix rate of the
device, then each job (${JOBS.map(({ name }, index) => `${index}: ${name}`).join('; ')}) cold and warm, stage by stage,
with TFLOP, the share of the matrix rate (MFU), the prediction of a roofline model, peak memory, and whether float16 stayed
finite. Every node must run on the GPU. It ends with status 1 at the first wrong result; --json then has what was measured
before, and the failure. The CUDA libraries are installed the first time, as by npm start. --diffusers: a Python with torch and diffusers, to measure it in
the same run and to compare its results with the same inputs. --device: a number as in nvidia-smi, or a UUID, unless
CUDA_VISIBLE_DEVICES is set. --golden: further golden folders for the comparison.
Random weights are sufficient: node bench/full-size/write-checkpoint.ts DIR writes those of SVD-XT (4.5 GB).`;
printHelp(USAGE);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    size: { type: 'string', default: '1024x576' },
    frames: { type: 'string', default: '25' },
    chunk: { type: 'string', default: '8' },
    runs: { type: 'string', default: '1' },
    jobs: { type: 'string', default: '0,1,2' },
    device: { type: 'string', default: '0' },
    bandwidth: { type: 'string', default: '4.8e12' },
    matrix: { type: 'string', default: '8192' },
    diffusers: { type: 'string' },
    compile: { type: 'boolean', default: false },
    golden: { type: 'string' },
    profile: { type: 'string' },
    json: { type: 'string' },
    provider: { type: 'string', default: 'cuda' },
  },
});
const [folder] = positionals;
const [width = 0, height = 0] = values.size.split('x').map(Number);
const [frames, chunk, runs] = [values.frames, values.chunk, values.runs].map(Number) as [number, number, number];
const jobs = values.jobs.split(',').map((index) => JOBS[Number(index)]);
if (!folder || ![width, height, frames, chunk, runs].every((value) => value > 0) || jobs.includes(undefined)) {
  console.error(USAGE);
  process.exit(2);
}

const provider = parseExecutionProvider(values.provider, '--provider');
const gpu = onGpu(provider);
const root = fileURLToPath(new URL('..', import.meta.url));
const { signal } = new AbortController();
// All processes see the same device, as their first one. Its number is that of nvidia-smi.
const choice = {
  CUDA_DEVICE_ORDER: process.env.CUDA_DEVICE_ORDER ?? PCI_ORDER,
  CUDA_VISIBLE_DEVICES: process.env.CUDA_VISIBLE_DEVICES ?? values.device,
};
const all = { ...process.env, ...choice };
const env = await setUpGpu({ root, provider, env: all, say, signal }).catch((error: unknown) => {
  if (!(error instanceof GpuError)) throw error;
  console.error(`${error.message}.`);
  process.exit(1);
});
const runtimeOptions: RuntimeOptions = {
  provider,
  env: definedOnly({ ...choice, ...env }),
  // Without this, a node could run on the CPU unnoticed.
  config: gpu ? { 'session.disable_cpu_ep_fallback': '1' } : {},
  ...(values.profile !== undefined && { profilePrefix: values.profile }),
};
const shape = { width, height, frames, chunk };
const checkpoint = await openCheckpoint(folder);
const { devices } = await findNvidiaDevices();
const watched = gpu ? chooseDevice(devices, all).device : devices[0];
using watch = watchDevice(watched?.uuid ?? values.device);
const results: Record<string, unknown> = { folder, shape };

const fixed = (value: number, digits: number) => (Number.isFinite(value) ? value.toFixed(digits) : '');
const gigabytes = (bytes: number | undefined) => (bytes ? `${(bytes / 1e9).toFixed(1)} GB` : '');
const heading = (text: string) => console.log(`\n${text}`);
const median = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? NaN;

/** The variables that have a value. */
function definedOnly(variables: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(variables).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/**
 * Compares the parts of a golden folder on this provider, and prints the result.
 *
 * @throws WrongResultError when a part differs by more than the precision explains
 */
async function compareWith(goldenFolder: string, model: Model, title: string): Promise<void> {
  const comparisons: Comparison[] = [];
  for await (const comparison of compareParts(model, await openGolden(goldenFolder))) {
    if (!/^(sigmas|timesteps)_/.test(comparison.part)) comparisons.push(judge(comparison, model.runtime.provider));
    if (comparison.part === 'unet_out') break;
  }
  heading(title);
  console.log(comparisonTable(comparisons));
  results[title] = comparisons;
  requirePassed(comparisons, title);
}

/** The fused operators that the proof has found to be wrong. */
let replaced: ReadonlySet<FusedOperator> = new Set();

/** A new process, whose graphs do without the operators that are wrong. */
const openRuntime = async (): Promise<Runtime> => ({ ...(await createRuntime(runtimeOptions)), replaced });

/** Proves the provider, as a stage does at its start. */
async function proveProvider(): Promise<void> {
  heading(`Proof of ${provider}`);
  const start = performance.now();
  const { runtime } = await chooseRuntime({ ...runtimeOptions, proof: 'warn', report: console.log });
  await runtime.close();
  ({ replaced } = runtime);
  const seconds = (performance.now() - start) / 1000;
  console.log(`It took ${seconds.toFixed(1)} s; replaced operators: ${[...replaced].join(', ') || 'none'}.`);
  results.proof = { seconds, replaced: [...replaced] };
}

const tinyXt = fileURLToPath(new URL('../test/golden/tiny-xt', import.meta.url));

/** Compares small models with diffusers. */
async function checkGoldens(): Promise<void> {
  for (const golden of [tinyXt, ...(values.golden?.split(',') ?? [])]) {
    const small = await openCheckpoint(join(golden, 'checkpoint'));
    await using model = createModel(small, await openRuntime());
    await compareWith(golden, model, `${golden} on ${provider}${gpu ? ' (float16)' : ''}`);
  }
}

async function matrixRate(): Promise<number> {
  await using runtime = await createRuntime(runtimeOptions);
  return await measureMatrixRate(runtime, Number(values.matrix));
}

/** Measures the products of large matrices, which the shares of the rate refer to. */
async function measureRate(): Promise<number> {
  const rate = await matrixRate();
  const device = watch.take();
  heading(
    `${device ? `${device.name}, driver ${device.driver}, ${gigabytes(device.memoryTotal)}` : 'nvidia-smi not found'}: ` +
      `${(rate / 1e12).toFixed(0)} TFLOP/s in products of ${values.matrix}² float16 matrices` +
      (device ? `, at ${device.watts.toFixed(0)} W and ${device.clock.toFixed(0)} MHz` : ''),
  );
  Object.assign(results, { rate, device });
  return rate;
}

/** Measures one job, cold and warm, in a new process, and prints a table. */
async function measure(kind: JobKind, rate: number): Promise<void> {
  await using model = createModel(checkpoint, await openRuntime());
  const cold = await runJob(model, shape, kind);
  const coldUse = watch.take();
  let warm: JobTimes = cold;
  for (let run = 0; run < runs; run++) warm = await runJob(model, shape, kind);
  const use = watch.take();
  const step = median(warm.steps.slice(1));

  heading(`${kind.name}, ${width}×${height}, ${frames} frames, decoded by ${chunk}`);
  const { graphs, peakRss } = model.runtime.stats();
  const models = stageModels(checkpoint, shape, kind.maxGuidance > 1, emitterFor(model.runtime.provider, { replaced }));
  const rows = Object.entries(models).map(([name, bytes]) => {
    const graph = Object.entries(graphs).find(([key]) => key.startsWith(name))?.[1];
    const costs = roofline(bytes, { flops: rate, bytes: Number(values.bandwidth) });
    const [flops, predicted] = [total(costs, 'flops'), total(costs, 'seconds')];
    const measured = (graph?.lastRunMs ?? NaN) / 1000;
    return [
      name,
      fixed((graph?.loadMs ?? NaN) / 1000, 2),
      fixed(measured * 1000, 1),
      fixed(flops / 1e12, 2),
      fixed(flops / measured / 1e12, 0),
      `${fixed((100 * flops) / measured / rate, 1)} %`,
      fixed(predicted * 1000, 1),
    ];
  });
  console.log(table(['graph', 'load s', 'run ms', 'TFLOP', 'TFLOP/s', 'MFU', 'roofline ms'], rows));
  const line = (times: JobTimes) => [
    fixed(times.encode, 2),
    fixed(times.steps[0] ?? NaN, 2),
    fixed(median(times.steps.slice(1)), 3),
    fixed(
      times.steps.reduce((a, b) => a + b, 0),
      2,
    ),
    fixed(times.decode, 2),
    fixed(times.total, 2),
  ];
  const columns = ['', 'encode s', 'first step', 'step', 'all steps', 'decode', 'total'];
  console.log(table(columns, [['cold', ...line(cold)], ['warm', ...line(warm)]])); // oxfmt-ignore
  const memory = [coldUse, use].map((seen) => seen?.peakMemory ?? 0);
  console.log(
    `peak device memory ${gigabytes(Math.max(...memory)) || 'unknown'}, peak process memory ${gigabytes(peakRss)}`,
  );
  // This is last, because it loads another graph and unloads a measured one.
  const finite = await staysFinite(model, warm.latents, shape);
  console.log(finite ? 'latents and pixels are finite' : 'NOT FINITE: latents or pixels have infinities or NaN');
  const plain = (times: JobTimes) => ({ ...times, latents: undefined });
  results[kind.name] = { finite, cold: plain(cold), warm: plain(warm), step, use, coldUse, graphs, peakRss };
  if (!finite) throw new WrongResultError(`${kind.name}: latents or pixels are not finite`);
}

/** Measures diffusers, and compares the outputs of this project with its. */
async function compareWithDiffusers(python: string): Promise<void> {
  const where = { size: values.size, frames, chunk, device: gpu ? 'cuda:0' : 'cpu' };
  const dtype = gpu ? 'float16' : 'float32';
  heading(`diffusers, ${dtype}${values.compile ? ', then compiled' : ''}`);
  const rows: string[][] = [];
  for (const compiled of values.compile ? [false, true] : [false]) {
    const options = { ...where, dtype, runs: 3, ...(compiled && { compile: true as const }) };
    for await (const { part, seconds, first, peak } of runDiffusers(python, checkpoint.path, options, all)) {
      rows.push([compiled ? `${part}, compiled` : part, fixed(first, 2), fixed(seconds * 1000, 1), gigabytes(peak)]);
    }
  }
  console.log(table(['part', 'first s', 'run ms', 'memory'], rows));
  results.diffusers = rows;

  const goldens = await mkdtemp(join(tmpdir(), 'gpu-golden-'));
  try {
    for (const precision of new Set(['float32', dtype])) {
      const golden = join(goldens, precision);
      // With --golden, the script prints nothing.
      await runDiffusers(python, checkpoint.path, { ...where, dtype: precision, golden }, all).next();
      await using model = createModel(checkpoint, await openRuntime());
      await compareWith(golden, model, `this project compared with diffusers in ${precision}, with the same inputs`);
    }
  } finally {
    await rm(goldens, { recursive: true, force: true });
  }
}

try {
  await proveProvider();
  await checkGoldens();
  const rate = await measureRate();
  for (const kind of jobs) if (kind) await measure(kind, rate);
  if (values.diffusers !== undefined) await compareWithDiffusers(values.diffusers);
} catch (error) {
  if (!(error instanceof Error)) throw error;
  results.failure = error.message;
  process.exitCode = 1;
  console.error(`\nSTOPPED: ${error instanceof WrongResultError ? error.message : (error.stack ?? error.message)}`);
} finally {
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(results, null, 2)}\n`);
}
