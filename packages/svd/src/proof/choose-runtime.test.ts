import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { emitterFor } from '../graphs/emitter-for.ts';
import type { CreateEmitter } from '../graphs/emitter-for.ts';
import { expandCudaOperators } from '../nn/cuda/test-expansion.ts';
import type { FusedOperator } from '../nn/fused-operators.ts';
import { openCheckpoint } from '../pipeline/open-checkpoint.ts';
import { ProviderUnavailableError } from '../runtime/execution-provider.ts';
import type { ExecutionProvider } from '../runtime/execution-provider.ts';
import { GraphError } from '../runtime/runtime-errors.ts';
import { createRuntime } from '../runtime/runtime.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { chooseRuntime } from './choose-runtime.ts';
import type { Choice, ChoiceOptions } from './choose-runtime.ts';
import { describeSpeeds } from './compare-speeds.ts';
import { lieAbout } from './testing/lie.ts';

const TINY = join(import.meta.dirname, '../../../../test/golden/tiny/checkpoint');

let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'findings-'))));
afterEach(() => rm(folder, { recursive: true }));

/** The made-up GPU of the tests. */
interface Gpu {
  readonly lies?: readonly FusedOperator[];
  /** Whether all its numbers are zero. */
  readonly zeros?: boolean;
  /** Whether its memory is short, so that graphs with a fused attention cannot be computed. */
  readonly isShort?: boolean;
  /** What a run takes longer, milliseconds. */
  readonly delayMs?: number;
  readonly driver?: string;
}

/** The graphs for the GPU are computed on the CPU, which needs their shapes. */
const createEmitter =
  (provider: ExecutionProvider, replaced: ReadonlySet<FusedOperator>): CreateEmitter =>
  (graph, needs) => ({ ...emitterFor(provider, { replaced })(graph, needs), hidesShapes: false });

async function openGpu({ lies = [], zeros = false, isShort = false, delayMs = 0 }: Gpu): Promise<Runtime> {
  const cpu = await createRuntime({ provider: 'cpu', threads: 1 });
  return {
    ...cpu,
    provider: 'cuda',
    async load(key, { bytes, folder: files }, signal) {
      if (isShort && Buffer.from(bytes).includes('MultiHeadAttention')) {
        throw new GraphError(key, 'cannot load', 'out of memory');
      }
      await cpu.load(key, { bytes: expandCudaOperators(lieAbout(lies, bytes)), folder: files }, signal);
    },
    async run(...args) {
      await delay(delayMs);
      const outputs = Object.entries(await cpu.run(...args));
      if (!zeros) return Object.fromEntries(outputs);
      return Object.fromEntries(
        outputs.map(([name, { type, dims, data }]) => [name, { type, dims, data: new Float32Array(data.length) }]),
      );
    },
  };
}

/** Chooses with a made-up GPU. `lines` are the reports. */
async function choose(gpu: Gpu, options: ChoiceOptions = {}): Promise<Choice & AsyncDisposable & { lines: string[] }> {
  const lines: string[] = [];
  const choice = await chooseRuntime({
    cacheFolder: folder,
    createEmitter,
    parts: ['attention'],
    report: (line) => void lines.push(line),
    identify: (provider) => Promise.resolve({ provider, driver: gpu.driver ?? '580' }),
    open: ({ provider }) => {
      if (provider === 'cpu') return createRuntime({ provider, threads: 1 });
      if (provider === 'cuda') return openGpu(gpu);
      return Promise.reject(new ProviderUnavailableError([{ provider, reason: 'not in this test' }]));
    },
    ...options,
  });
  return { ...choice, lines, [Symbol.asyncDispose]: () => choice.runtime.close() };
}

describe.runIf(process.platform !== 'darwin')('the provider that computes', () => {
  test('is proved once for each device and driver, and again when the file is damaged', async () => {
    const proved = async (gpu: Gpu) => {
      await using choice = await choose(gpu);
      expect(choice.runtime.provider).toBe('cuda');
      return choice.lines.length > 0;
    };
    expect(await proved({})).toBe(true);
    expect(await proved({})).toBe(false);
    expect(await proved({ driver: '590' })).toBe(true);
    const files = (await readdir(folder)).map((name) => join(folder, name));
    expect(files).toHaveLength(2);
    for (const file of files) {
      const text = await readFile(file, 'utf8');
      await writeFile(file, file === files[0] ? text.slice(0, -20) : text.replace('"wrong": []', '"wrong": 1'));
    }
    expect(await proved({})).toBe(true);
    expect(await proved({ driver: '590' })).toBe(true);
    expect(await proved({})).toBe(false);
  });

  test('does without an operator that is wrong, also at the next start', async () => {
    for (const start of [1, 2]) {
      await using choice = await choose({ lies: ['MultiHeadAttention'] });
      expect([...choice.runtime.replaced], `start ${start}`).toEqual(['MultiHeadAttention']);
      expect(choice.lines).toContain(
        'cuda computes without MultiHeadAttention, which gave wrong numbers on this device',
      );
    }
  });

  test('does without an operator that it has no memory for, only until the next start, and says why', async () => {
    {
      await using choice = await choose({ isShort: true });
      expect([...choice.runtime.replaced]).toEqual(['MultiHeadAttention']);
      expect(choice.lines.at(-1)).toBe(
        'cuda computes without MultiHeadAttention, because with more operators it cannot compute on this device ' +
          '(attention: graph "proof" cannot load: out of memory)',
      );
    }
    await using again = await choose({});
    expect([...again.runtime.replaced]).toEqual([]);
  });

  test('is the CPU under auto when the GPU is wrong; a chosen one is refused, unless it may be wrong', async () => {
    await using automatic = await choose({ zeros: true });
    expect(automatic.runtime.provider).toBe('cpu');
    expect(automatic.runtime.skipped.find(({ provider }) => provider === 'cuda')?.reason).toMatch(
      /^it gives wrong numbers on this device \(attention by [\d.]+ standard deviations\)$/,
    );
    const refused = choose({ zeros: true }, { provider: 'cuda' });
    await expect(refused).rejects.toThrow(ProviderUnavailableError);
    await expect(refused).rejects.toThrow(/cuda is not available: it gives wrong numbers .*PROVIDER_PROOF=warn/);
    await using allowed = await choose({ zeros: true }, { provider: 'cuda', proof: 'warn' });
    expect(allowed.runtime.provider).toBe('cuda');
    expect(allowed.lines.at(-1)).toMatch(/^cuda is used although it gives wrong numbers/);
  });

  test('is the one with the fastest step of the model, which is timed once', async () => {
    const model = { checkpoint: await openCheckpoint(TINY), digest: 'tiny' };
    const speedsOf = async (gpu: Gpu) => {
      await using choice = await choose(gpu, { model });
      return { provider: choice.runtime.provider, speeds: choice.speeds!, lines: choice.lines };
    };
    const slow = await speedsOf({ delayMs: 1_000 });
    expect(slow.provider).toBe('cpu');
    expect(describeSpeeds(slow.speeds)).toMatch(/^a step takes [\d.e-]+ s with cpu, [\d.]+ × as long with cuda$/);
    expect(slow.lines.filter((line) => line.includes('computes a step'))).toHaveLength(2);
    const again = await speedsOf({ delayMs: 1_000 });
    expect(again).toEqual({ ...slow, lines: [] });
  });
});
