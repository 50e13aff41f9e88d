import { z } from 'zod';
import { FUSED_OPERATORS } from '../nn/fused-operators.ts';
import { PROOF_PARTS } from './proof-graphs.ts';
import type { ProofPart } from './proof-graphs.ts';

/** JSON writes infinity as null. */
const infinitySchema = z.null().transform(() => Infinity);

/**
 * A part that is wrong. `error` is the largest of an element in standard deviations, infinity if the result is not finite, or why the
 * part was not computed.
 */
const wrongPartSchema = z.object({
  part: z.enum(PROOF_PARTS),
  error: z.union([z.number(), infinitySchema, z.string()]),
});

/** What was found out about a provider on a device. */
export const verdictSchema = z.object({
  /** The fused operators that give wrong numbers or fail, without which all parts are right. */
  replaced: z.array(z.enum(FUSED_OPERATORS)),
  /** The parts that are wrong also without fused operators. Empty if the provider can be used. */
  wrong: z.array(wrongPartSchema),
});

export type Verdict = z.output<typeof verdictSchema>;
export type WrongPart = z.output<typeof wrongPartSchema>;

/** A verdict, and why parts were not computed on the way to it. */
export interface Proof extends Verdict {
  /** With some fused operators or without. */
  readonly failures: readonly WrongPart[];
}

/**
 * Whether the verdict will be the same the next time. Why a part was not computed, such as a lack of memory, may go away, and has gone
 * if everything is right in the end.
 */
export const isLasting = ({ replaced, wrong, failures }: Proof): boolean =>
  failures.length === 0 || (replaced.length === 0 && wrong.length === 0);

/** Such as `it gives wrong numbers on this device (CLIP by 1.2 standard deviations; VAE decode: the result is not finite)`. */
export function describeWrong(wrong: readonly WrongPart[]): string {
  const numbers = wrong.flatMap(({ part, error }) => (typeof error === 'number' ? [describeError(part, error)] : []));
  const failures = wrong.flatMap(({ part, error }) => (typeof error === 'string' ? [`${part}: ${error}`] : []));
  return [
    ...(numbers.length > 0 ? [`it gives wrong numbers on this device (${numbers.join('; ')})`] : []),
    ...(failures.length > 0 ? [`it cannot compute on this device (${failures.join('; ')})`] : []),
  ].join(', and ');
}

const describeError = (part: ProofPart, error: number): string =>
  Number.isFinite(error)
    ? `${part} by ${Number(error.toPrecision(2))} standard deviations`
    : `${part}: the result is not finite`;
