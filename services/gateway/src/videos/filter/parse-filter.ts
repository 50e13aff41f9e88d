import { FilterError, tokenize } from './tokenize.ts';
import type { Token } from './tokenize.ts';

export const OPERATORS = ['=', '!=', '<', '<=', '>', '>=', ':'] as const;
export type Operator = (typeof OPERATORS)[number];

/** A comparison of a field with a value. */
export interface Comparison {
  /** Such as `state` or `labels.project`. */
  readonly field: string;
  readonly operator: Operator;
  readonly value: string;
}

/** Words of AIP-160 that this subset does not have. */
const UNSUPPORTED = ['OR', 'NOT'];

/**
 * Parses a filter: comparisons that are joined by `AND`, a subset of AIP-160 (https://google.aip.dev/160).
 * @returns the comparisons; none for an empty filter.
 * @throws FilterError that says what is wrong and where.
 */
export function parseFilter(filter: string): Comparison[] {
  const tokens = tokenize(filter);
  let next = 0;
  const take = (): Token => tokens[next++] ?? tokens.at(-1)!;

  const comparisons: Comparison[] = [];
  if (tokens[0]?.kind === 'end') return comparisons;
  for (;;) {
    comparisons.push(parseComparison(take));
    const after = take();
    if (after.kind === 'end') return comparisons;
    if (after.kind !== 'word' || after.text !== 'AND') {
      throw isUnsupported(after) ?? new FilterError(`there must be AND or the end at ${place(after)}`);
    }
  }
}

function parseComparison(take: () => Token): Comparison {
  const field = take();
  if (field.kind !== 'word') throw new FilterError(`there must be a field at ${place(field)}`);
  const operator = take();
  const known = OPERATORS.find((each) => operator.kind === 'operator' && each === operator.text);
  if (!known) {
    throw isUnsupported(field) ?? new FilterError(`there must be one of ${OPERATORS.join(' ')} at ${place(operator)}`);
  }
  const value = take();
  if (value.kind !== 'word' && value.kind !== 'string') {
    throw new FilterError(`there must be a value at ${place(value)}`);
  }
  return { field: field.text, operator: known, value: value.text };
}

const isUnsupported = ({ kind, text }: Token): FilterError | null =>
  kind === 'word' && UNSUPPORTED.includes(text)
    ? new FilterError(`${text} is not supported: join comparisons by AND`)
    : null;

const place = ({ kind, text, at }: Token): string => (kind === 'end' ? text : `position ${at + 1}, not “${text}”`);
