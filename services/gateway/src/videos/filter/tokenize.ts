/** A token of a filter. */
export interface Token {
  readonly kind: 'word' | 'string' | 'operator' | 'end';
  /** The word, the content of the string, or the operator. */
  readonly text: string;
  /** Where the token starts in the filter, from 0. */
  readonly at: number;
}

/** A filter cannot be parsed. */
export class FilterError extends Error {
  override readonly name = 'FilterError';
}

/** An unquoted word: a name, a number, a date. */
const WORD = /[A-Za-z0-9_*][\w.+-]*(?::\d\d[\w.:+-]*)?/y;
const OPERATOR = /!=|<=|>=|[=<>:]/y;
const STRING = /"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'/sy;
const SPACE = /\s+/y;

/**
 * Splits a filter into tokens. The last one is `end`.
 * @throws FilterError at a character that cannot start a token, or a string without an end.
 */
export function tokenize(filter: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(filter);
  };
  while (at < filter.length) {
    const space = take(SPACE);
    if (space) {
      at += space[0].length;
      continue;
    }
    const string = take(STRING);
    const word = string ? null : take(WORD);
    const operator = string || word ? null : take(OPERATOR);
    const found = string ?? word ?? operator;
    if (!found) throw new FilterError(unexpected(filter, at));
    if (string) tokens.push({ kind: 'string', text: unescape(string[1] ?? string[2] ?? ''), at });
    else tokens.push({ kind: word ? 'word' : 'operator', text: found[0], at });
    at += found[0].length;
  }
  return [...tokens, { kind: 'end', text: 'the end', at }];
}

const unescape = (text: string): string => text.replaceAll(/\\(.)/gs, '$1');

function unexpected(filter: string, at: number): string {
  const character = String.fromCodePoint(filter.codePointAt(at) ?? 0);
  if (character === '"' || character === "'") return `the string at position ${at + 1} has no end`;
  if (character === '(' || character === ')') return 'parentheses are not supported';
  return `“${character}” at position ${at + 1} must be in quotes`;
}
