import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { access, chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ProviderUnavailableError } from './execution-provider.ts';
import { GraphError, RuntimeClosedError, RuntimeCrashedError } from './runtime-errors.ts';
import { createRuntime } from './runtime.ts';
import type { Runtime } from './runtime.ts';
import { TensorError } from './tensor.ts';
import type { Tensor, TensorType } from './tensor.ts';
import { externalGraph, identityGraph, slowGraph, softmaxGraph } from './test-graphs.ts';

const floats = (dims: readonly number[], data: Float32Array): Tensor => ({ type: 'float32', dims, data });
const ramp = (count: number, scale = 1) => Float32Array.from({ length: count }, (_, index) => (index % 97) * scale);

const SIZE = 512;
const slow = { bytes: slowGraph(SIZE), folder: null };
/** Feeds that multiply x `times` times by the identity matrix; one multiplication takes about 2 ms. */
const slowFeeds = (times: number): Record<string, Tensor> => {
  const w = new Float32Array(SIZE * SIZE);
  for (let row = 0; row < SIZE; row += 1) w[row * SIZE + row] = 1;
  return {
    count: { type: 'int64', dims: [], data: BigInt64Array.of(BigInt(times)) },
    x: floats([SIZE, SIZE], ramp(SIZE * SIZE)),
    w: floats([SIZE, SIZE], w),
  };
};
const ENDLESS = 1e12;
const add = { bytes: identityGraph('float32', [4]), folder: null };
const addFeeds = { x: floats([4], ramp(4)) };

/** Whether a process is running. An orphan that has ended may remain as a zombie, which does not count as running. */
const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return process.platform !== 'linux' || !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
};
const hasEnded = (pid: number) => expect.poll(() => isAlive(pid)).toBe(false);

describe('on the CPU', () => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await createRuntime({ provider: 'cpu', threads: 1, graceMs: 50 });
  });
  afterAll(() => runtime.close());

  const cases: readonly [TensorType, Tensor['data']][] = [
    ['float32', Float32Array.of(-0, 1.5, NaN, 1e-42)],
    ['float16', Uint16Array.of(0x3c00, 0x8001, 0x7bff, 0)],
    ['int64', BigInt64Array.of(-1n, 2n ** 62n, 0n, 7n)],
    ['int32', Int32Array.of(-1, 2 ** 30, 0, 7)],
    ['uint8', Uint8Array.of(0, 255, 1, 2)],
    ['bool', Uint8Array.of(0, 1, 1, 0)],
  ];
  test.each(cases)('%s data is passed without change, also from a view of a larger buffer', async (type, data) => {
    const larger = new Uint8Array(64).fill(0xab);
    larger.set(new Uint8Array(data.buffer), 8);
    const view = new (data.constructor as Float32ArrayConstructor)(larger.buffer, 8, 4) as Tensor['data'];
    await runtime.load('identity', { bytes: identityGraph(type, [2, 2]), folder: null });
    const { y } = await runtime.run('identity', { x: { type, dims: [2, 2], data: view } });
    expect(y).toEqual({ type, dims: [2, 2], data });
  });

  test('external data is read from a read-only folder, at an odd offset', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'runtime-'));
    try {
      const weights = ramp(1000, 0.5);
      await writeFile(join(folder, 'w.safetensors'), Buffer.concat([Buffer.alloc(121), Buffer.from(weights.buffer)]));
      await chmod(folder, 0o555);
      await runtime.load('external', { bytes: externalGraph('w.safetensors', 121, 1000), folder });
      const { y } = await runtime.run('external', { x: floats([1000], ramp(1000)) });
      expect(y?.data).toEqual(ramp(1000, 1.5));
      await expect(runtime.load('lost', { bytes: externalGraph('none.safetensors', 0, 4), folder })).rejects.toThrow(
        /^graph "lost" cannot load: .*none\.safetensors/,
      );
    } finally {
      await chmod(folder, 0o755);
      await rm(folder, { recursive: true });
    }
  });

  test('an error of ONNX Runtime names the graph, and the runtime remains usable', async () => {
    const { starts } = runtime.stats();
    await runtime.load('add', add);
    const broken = runtime.load('broken', { bytes: add.bytes.subarray(0, 20), folder: null });
    await expect(broken).rejects.toThrow(/^graph "broken" cannot load: /);
    await expect(broken).rejects.toThrow(GraphError);
    await expect(runtime.run('broken', {})).rejects.toThrow('graph "broken" cannot run: it is not loaded');
    await expect(runtime.run('add', {})).rejects.toThrow(/^graph "add" cannot run: .*'x' is missing/);
    await expect(runtime.run('add', { ...addFeeds, z: addFeeds.x })).rejects.toThrow('it has no input "z", only x');
    await expect(runtime.run('add', { x: floats([5], ramp(5)) })).rejects.toThrow(/dimensions/);
    await expect(runtime.run('add', { x: floats([5], ramp(4)) })).rejects.toThrow(TensorError);
    await expect(runtime.run('add', { x: { ...addFeeds.x, type: 'int32' } })).rejects.toThrow(
      'tensor "x": data of type int32 must be a Int32Array, not a Float32Array',
    );
    expect((await runtime.run('add', addFeeds)).y?.data).toEqual(ramp(4));
    expect(runtime.stats().starts).toBe(starts);
  });

  test('the parent process stays responsive during a run', async () => {
    await runtime.load('slow', slow);
    let answered = 0;
    const checks = setInterval(() => (answered += 1), 5);
    const { y } = await runtime.run('slow', slowFeeds(400));
    clearInterval(checks);
    expect(y?.data).toEqual(ramp(SIZE * SIZE));
    expect(answered).toBeGreaterThanOrEqual(20);
    const { graphs, rss, peakRss } = runtime.stats();
    expect(graphs.slow?.runs).toBe(1);
    expect(graphs.slow?.loadMs).toBeGreaterThan(0);
    expect(graphs.slow?.lastRunMs).toBeGreaterThan(100);
    expect(peakRss).toBeGreaterThanOrEqual(rss);
  });

  test('a killed child fails only the current call; the next child has the same graphs', async () => {
    await runtime.load('add', add);
    await runtime.load('slow', slow);
    const { pid, starts } = runtime.stats();
    const killed = runtime.run('slow', slowFeeds(ENDLESS));
    const next = runtime.run('add', addFeeds);
    await sleep(100);
    process.kill(pid ?? 0, 'SIGKILL');
    await expect(killed).rejects.toThrow(
      /^the ONNX Runtime process was killed by SIGKILL on the request to run graph "slow"; .*memory/,
    );
    await expect(killed).rejects.toMatchObject({
      constructor: RuntimeCrashedError,
      crash: { signal: 'SIGKILL', exitCode: null, request: 'run graph "slow"' },
    });
    expect((await next).y?.data).toEqual(ramp(4));
    expect((await runtime.run('slow', slowFeeds(1))).y?.data).toEqual(ramp(SIZE * SIZE));
    expect(runtime.stats()).toMatchObject({ starts: starts + 1 });
    const second = runtime.stats().pid ?? 0;
    expect(second).not.toBe(pid);
    process.kill(second, 'SIGKILL');
    await expect.poll(() => runtime.stats().pid).toBe(null);
    expect((await runtime.run('add', addFeeds)).y?.data).toEqual(ramp(4));
  });

  test('an abort drops a waiting call, and kills the child of a call that does not end', async () => {
    await runtime.load('slow', slow);
    await runtime.load('add', add);
    const { pid, starts } = runtime.stats();
    const [running, waiting] = [new AbortController(), new AbortController()];
    const endless = runtime.run('slow', slowFeeds(ENDLESS), running.signal);
    const dropped = runtime.load('dropped', add, waiting.signal);
    const next = runtime.run('add', addFeeds);
    const why = new Error('the user left');
    await sleep(100);
    waiting.abort(why);
    await expect(dropped).rejects.toBe(why);
    expect(isAlive(pid ?? 0)).toBe(true);
    running.abort(why);
    await expect(endless).rejects.toBe(why);
    expect((await next).y?.data).toEqual(ramp(4));
    expect(isAlive(pid ?? 0)).toBe(false);
    expect(runtime.stats().starts).toBe(starts + 1);
    expect(Object.keys(runtime.stats().graphs)).not.toContain('dropped');
    await expect(runtime.run('add', addFeeds, AbortSignal.abort(why))).rejects.toBe(why);
  });

  test('trim ends a child that keeps memory of a large run; the next run has the same result in a small child', async () => {
    for (const key of Object.keys(runtime.stats().graphs)) await runtime.unload(key);
    const [side, limit] = [2048, 24 * 2 ** 20];
    const feeds = {
      a: floats([side, side], ramp(side * side, 1e-3)),
      b: floats([side, side], ramp(side * side, 1e-3)),
    };
    await runtime.load('add', add);
    await runtime.load('softmax', { bytes: softmaxGraph(side), folder: null });
    expect(await runtime.trim(limit)).toBeNull();
    const { y: before } = await runtime.run('softmax', feeds);
    const { pid, rss, starts } = runtime.stats();
    expect(await runtime.trim(2 ** 40)).toBeNull();
    expect(await runtime.trim(limit)).toBeGreaterThan(limit);
    expect(isAlive(pid ?? 0)).toBe(false);
    expect(runtime.stats()).toMatchObject({ pid: null, rss: 0 });
    expect((await runtime.run('add', addFeeds)).y?.data).toEqual(ramp(4));
    expect(runtime.stats().starts).toBe(starts + 1);
    expect(runtime.stats().rss).toBeLessThan(rss - limit);
    expect(await runtime.trim(limit)).toBeNull();
    expect((await runtime.run('softmax', feeds)).y).toEqual(before);
  });

  test('the child ends after the last graph is unloaded, and starts again with the next graph', async () => {
    for (const key of Object.keys(runtime.stats().graphs)) await runtime.unload(key);
    expect(runtime.stats()).toMatchObject({ pid: null, rss: 0, graphs: {} });
    await runtime.unload('never was');
    await runtime.load('add', add);
    expect((await runtime.run('add', addFeeds)).y?.data).toEqual(ramp(4));
    await runtime.load('other', add);
    await runtime.unload('add');
    await expect(runtime.run('add', addFeeds)).rejects.toThrow('it is not loaded');
    expect((await runtime.run('other', addFeeds)).y?.data).toEqual(ramp(4));
  });
});

test('the child survives when an aborted call ends within the grace period', async () => {
  await using runtime = await createRuntime({ provider: 'cpu', threads: 1, graceMs: 60_000 });
  await runtime.load('slow', slow);
  const controller = new AbortController();
  const step = runtime.run('slow', slowFeeds(50), controller.signal);
  const load = runtime.load('add', add);
  setImmediate(() => controller.abort());
  await expect(step).rejects.toThrow('aborted');
  await load;
  expect(runtime.stats().starts).toBe(1);
});

test('close ends the child, rejects all calls and cannot be undone', async () => {
  const runtime = await createRuntime({ provider: 'cpu', threads: 1, graceMs: 50 });
  await runtime.load('slow', slow);
  const { pid } = runtime.stats();
  const calls = [runtime.run('slow', slowFeeds(ENDLESS)), runtime.unload('slow')];
  const settled = Promise.allSettled(calls);
  await sleep(50);
  await runtime.close();
  expect(isAlive(pid ?? 0)).toBe(false);
  for (const call of await settled) expect(call).toMatchObject({ reason: { constructor: RuntimeClosedError } });
  await expect(runtime.load('slow', slow)).rejects.toThrow(RuntimeClosedError);
  await runtime.close();
});

test('the child ends when its parent is killed during a run', async () => {
  const parent = spawn(process.execPath, [fileURLToPath(new URL('./test-parent.ts', import.meta.url))], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const child = Number(line.toString());
  expect(isAlive(child)).toBe(true);
  parent.kill('SIGKILL');
  await hasEnded(child);
});

describe('execution providers', () => {
  // Hides all GPUs: Vulkan finds no driver, and CUDA no device.
  const nowhere = { VK_ICD_FILENAMES: '/nonexistent', VK_DRIVER_FILES: '/nonexistent', CUDA_VISIBLE_DEVICES: '-1' };

  test('a selected provider that does not work is an error', async () => {
    for (const provider of ['cuda', 'webgpu'] as const) {
      const created = createRuntime({ provider, threads: 1, env: nowhere });
      await expect(created).rejects.toThrow(ProviderUnavailableError);
      await expect(created).rejects.toThrow(
        new RegExp(`^execution provider ${provider} is not available: .+ \\(select`),
      );
    }
  });

  test('auto falls back to the CPU and reports the skipped providers', async () => {
    await using runtime = await createRuntime({ threads: 1, env: nowhere });
    if (process.platform === 'darwin') {
      expect(['coreml', 'cpu']).toContain(runtime.provider);
      return;
    }
    expect(runtime.provider).toBe('cpu');
    expect(runtime.skipped.map(({ provider }) => provider)).toEqual(['cuda']);
    expect(runtime.skipped[0]?.reason).toMatch(/\w/);
  });

  test('an error contains the output of a process that cannot start', async () => {
    const created = createRuntime({ provider: 'cpu', env: { NODE_OPTIONS: '--no-such-option' } });
    await expect(created).rejects.toThrow(RuntimeCrashedError);
    await expect(created).rejects.toThrow(
      /ended with exit code 9 on the request to start with cpu: .*--no-such-option/,
    );
  });

  const swiftShader = '/usr/lib/chromium/vk_swiftshader_icd.json';
  test('WebGPU computes the same result as the CPU', async ({ skip }) => {
    await access(swiftShader).catch(() => skip(`no SwiftShader here: ${swiftShader} comes with Debian's chromium`));
    const env = { VK_ICD_FILENAMES: swiftShader };
    await using gpu = await createRuntime({ provider: 'webgpu', threads: 1, env });
    await using cpu = await createRuntime({ provider: 'cpu', threads: 1 });
    expect(gpu.provider).toBe('webgpu');
    const feeds = { a: floats([64, 64], ramp(4096, 0.01)), b: floats([64, 64], ramp(4096, 0.02)) };
    const [got, expected] = await Promise.all(
      [gpu, cpu].map(async (runtime) => {
        await runtime.load('softmax', { bytes: softmaxGraph(64), folder: null });
        return (await runtime.run('softmax', feeds)).y?.data as Float32Array;
      }),
    );
    const error = Math.max(...got!.map((value, index) => Math.abs(value - expected![index]!)));
    expect(Math.max(...expected!)).toBeGreaterThan(0.01);
    expect(error).toBeLessThan(1e-5);
  });
});
