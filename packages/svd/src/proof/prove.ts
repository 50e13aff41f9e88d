import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { emitterFor, fusedOperatorsOf } from '../graphs/emitter-for.ts';
import type { CreateEmitter } from '../graphs/emitter-for.ts';
import { NONE_REPLACED } from '../nn/fused-operators.ts';
import type { FusedOperator } from '../nn/fused-operators.ts';
import { onGpu } from '../runtime/execution-provider.ts';
import type { ExecutionProvider } from '../runtime/execution-provider.ts';
import { GraphError } from '../runtime/runtime-errors.ts';
import type { Tensor } from '../runtime/tensor.ts';
import { computePart, endProof } from './compute-part.ts';
import type { Computer } from './compute-part.ts';
import { createCounterWeights } from './counter-weights.ts';
import { findCulprits } from './find-culprits.ts';
import { largestError } from './largest-error.ts';
import { createProofGraphs, PROOF_PARTS } from './proof-graphs.ts';
import type { ProofPart } from './proof-graphs.ts';
import type { Proof, WrongPart } from './verdict.ts';

/** Returns the emitter for a provider that does without some operators. */
export type EmitterOfDevice = (provider: ExecutionProvider, replaced: ReadonlySet<FusedOperator>) => CreateEmitter;

/** That of {@link emitterFor}. */
export const emitterOfDevice: EmitterOfDevice = (provider, replaced) => emitterFor(provider, { replaced });

export interface ProofOptions {
  /** Default {@link emitterOfDevice}. */
  readonly createEmitter?: EmitterOfDevice | undefined;
  /** Default: all. */
  readonly parts?: readonly ProofPart[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The largest error that the precision explains, in standard deviations. The largest seen is 0.02 in float16, and 3e-5 in
 * float32; a wrong kernel is off by 0.15 or more.
 */
const TOLERANCE = { float16: 0.1, float32: 5e-3 } as const;

/** Core ML may compute in float16. */
const toleranceOf = (provider: ExecutionProvider): number =>
  onGpu(provider) || provider === 'coreml' ? TOLERANCE.float16 : TOLERANCE.float32;

/**
 * Proves that a provider computes what the CPU computes: small graphs of every kind, part by part. If a part is wrong, it finds
 * the fused operators that are to blame. It takes some seconds, and ends both processes.
 * @param reference a runtime on the CPU
 * @throws {RuntimeCrashedError} when the provider ends its process
 */
export async function prove(computer: Computer, reference: Computer, options: ProofOptions = {}): Promise<Proof> {
  const { provider } = computer;
  const { createEmitter = emitterOfDevice, parts = PROOF_PARTS, signal } = options;
  const folder = await mkdtemp(join(tmpdir(), 'cinematica-proof-'));
  try {
    const { weights, write } = createCounterWeights(folder);
    const drafts = createProofGraphs(weights);
    const onCpu = emitterFor('cpu');
    // The sizes of the files are known once every graph was written.
    for (const part of parts) drafts[part]({ createEmitter: onCpu });
    await write();
    const expected = new Map<ProofPart, Record<string, Tensor>>();
    for (const part of parts) expected.set(part, await computePart(reference, drafts[part], onCpu, signal));

    const failures: WrongPart[] = [];
    async function compute(part: ProofPart, replaced: ReadonlySet<FusedOperator>): Promise<number | string> {
      try {
        const actual = await computePart(computer, drafts[part], createEmitter(provider, replaced), signal);
        return largestError(actual, expected.get(part) ?? {});
      } catch (failure) {
        if (!(failure instanceof GraphError)) throw failure;
        failures.push({ part, error: failure.message });
        return failure.message;
      }
    }
    const known = new Map<string, number>();
    async function errorOf(part: ProofPart, replaced: ReadonlySet<FusedOperator>): Promise<number | string> {
      const key = `${part} ${[...replaced].join()}`;
      const error = known.get(key) ?? (await compute(part, replaced));
      // A failure may go away: at its end, the search for culprits computes everything once more.
      if (typeof error === 'number') known.set(key, error);
      return error;
    }

    const isRight = (error: number | string) => typeof error === 'number' && error <= toleranceOf(provider);
    async function findWrong(some: readonly ProofPart[], replaced: ReadonlySet<FusedOperator>): Promise<WrongPart[]> {
      const wrong: WrongPart[] = [];
      for (const part of some) {
        const error = await errorOf(part, replaced);
        if (!isRight(error)) wrong.push({ part, error });
      }
      return wrong;
    }

    const wrong = await findWrong(parts, NONE_REPLACED);
    if (wrong.length === 0) return { replaced: [], wrong, failures };
    const affected = wrong.map(({ part }) => part);
    const operators = fusedOperatorsOf(provider);
    const stillWrong = await findWrong(affected, new Set(operators));
    if (stillWrong.length > 0) return { replaced: [], wrong: stillWrong, failures };
    const culprits = await findCulprits(operators, async (fused) => {
      const others = new Set(operators.filter((operator) => !fused.includes(operator)));
      for (const part of affected) if (!isRight(await errorOf(part, others))) return false;
      return true;
    });
    return { replaced: culprits, wrong: await findWrong(parts, new Set(culprits)), failures };
  } finally {
    await Promise.all([endProof(computer), endProof(reference)]);
    await rm(folder, { recursive: true, force: true });
  }
}
