import { access } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { emitterFor } from '../graphs/emitter-for.ts';
import type { CreateEmitter } from '../graphs/emitter-for.ts';
import { expandCudaOperators } from '../nn/cuda/test-expansion.ts';
import { FUSED_OPERATORS } from '../nn/fused-operators.ts';
import type { FusedOperator } from '../nn/fused-operators.ts';
import type { ExecutionProvider } from '../runtime/execution-provider.ts';
import { GraphError } from '../runtime/runtime-errors.ts';
import { createRuntime } from '../runtime/runtime.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Computer } from './compute-part.ts';
import { prove } from './prove.ts';
import { lieAbout } from './testing/lie.ts';

describe('a provider with the operators of CUDA', () => {
  let cpu: Runtime;
  let reference: Runtime;
  beforeAll(async () => {
    cpu = await createRuntime({ provider: 'cpu', threads: 1 });
    reference = await createRuntime({ provider: 'cpu', threads: 1 });
  });
  afterAll(() => Promise.all([cpu.close(), reference.close()]));

  /** Computes the graphs for CUDA on the CPU. Each session of this provider gives wrong numbers for some operators. */
  const providerThatLies = (about: readonly FusedOperator[]): Computer => ({
    ...cpu,
    provider: 'cuda',
    load: (key, { bytes, folder }, signal) =>
      cpu.load(key, { bytes: expandCudaOperators(lieAbout(about, bytes)), folder }, signal),
  });
  /** The replacement of operators needs the shapes. */
  const createEmitter =
    (provider: ExecutionProvider, replaced: ReadonlySet<FusedOperator>): CreateEmitter =>
    (graph, needs) => ({ ...emitterFor(provider, { replaced })(graph, needs), hidesShapes: false });

  const parts = ['attention', 'operators'] as const;

  test('passes the proof when every part is right', async () => {
    const verdict = await prove(providerThatLies([]), reference, { createEmitter });
    expect(verdict).toEqual({ replaced: [], wrong: [], failures: [] });
  });

  // The search tries each operator alone, so each is found by itself.
  test.each([
    ['one operator that is wrong', ['SkipGroupNorm']],
    ['every operator, when each is wrong', FUSED_OPERATORS],
  ] as const)('does without %s', async (_, wrong) => {
    const verdict = await prove(providerThatLies(wrong), reference, { createEmitter, parts });
    expect(verdict).toEqual({ replaced: wrong, wrong: [], failures: [] });
  });

  test('is not used when it is wrong without fused operators, too', async () => {
    const zeros: Computer = {
      ...providerThatLies([]),
      async run(...args) {
        const outputs = await cpu.run(...args);
        return Object.fromEntries(
          Object.entries(outputs).map(([name, tensor]) => [
            name,
            { ...tensor, data: tensor.data.slice().fill(0 as never) },
          ]),
        );
      },
    };
    const { replaced, wrong } = await prove(zeros, reference, { createEmitter, parts: ['attention', 'CLIP'] });
    expect(replaced).toEqual([]);
    expect(wrong.map(({ part }) => part)).toEqual(['attention', 'CLIP']);
    for (const { error } of wrong) expect(error).toBeGreaterThan(1);
  });

  test('is right when a part failed once, and not the next time', async () => {
    let failures = 1;
    const busy: Computer = {
      ...providerThatLies([]),
      run(key, ...rest) {
        if (failures-- > 0) return Promise.reject(new GraphError(key, 'cannot run', 'out of memory'));
        return cpu.run(key, ...rest);
      },
    };
    const proof = await prove(busy, reference, { createEmitter, parts });
    expect(proof).toMatchObject({ replaced: [], wrong: [], failures: [{ part: 'attention' }] });
  });

  test('is not used when it cannot run a part', async () => {
    const broken: Computer = {
      ...providerThatLies([]),
      load: (key, { folder }) => cpu.load(key, { bytes: new Uint8Array(9), folder }),
    };
    const { wrong } = await prove(broken, reference, { createEmitter, parts: ['CLIP'] });
    expect(wrong).toEqual([{ part: 'CLIP', error: expect.stringContaining('cannot load') as string }]);
  });
});

const swiftShader = '/usr/lib/chromium/vk_swiftshader_icd.json';
test('WebGPU on SwiftShader does without its attention, which is wrong', async ({ skip }) => {
  await access(swiftShader).catch(() => skip(`no SwiftShader here: ${swiftShader} comes with Debian's chromium`));
  const env = { VK_ICD_FILENAMES: swiftShader };
  await using gpu = await createRuntime({ provider: 'webgpu', threads: 1, env });
  await using cpu = await createRuntime({ provider: 'cpu', threads: 1 });
  expect(await prove(gpu, cpu, { parts: ['attention'] })).toEqual({
    replaced: ['MultiHeadAttention'],
    wrong: [],
    failures: [],
  });
}, 120_000);
