import { z } from 'zod';
import { FUSED_OPERATORS } from '../nn/fused-operators.ts';
import { PROOF_PARTS } from './proof-graphs.ts';

/** A part that is wrong. `error` is the largest of an element in standard deviations, or why the part was not computed. */
const wrongPartSchema = z.object({ part: z.enum(PROOF_PARTS), error: z.union([z.number(), z.string()]) });

/** What was found out about a provider on a device. */
export const verdictSchema = z.object({
  /** The fused operators that give wrong numbers, without which all parts are right. */
  replaced: z.array(z.enum(FUSED_OPERATORS)),
  /** The parts that are wrong also without fused operators. Empty if the provider can be used. */
  wrong: z.array(wrongPartSchema),
});

export type Verdict = z.output<typeof verdictSchema>;
export type WrongPart = z.output<typeof wrongPartSchema>;

/** Such as `gives wrong numbers (CLIP by 1.2 standard deviations, VAE decode by 3)`. */
export function describeWrong(wrong: readonly WrongPart[]): string {
  const parts = wrong.map(({ part, error }) =>
    typeof error === 'string' ? `${part}: ${error}` : `${part} by ${Number(error.toPrecision(2))} standard deviations`,
  );
  return `it gives wrong numbers on this device (${parts.join('; ')})`;
}
