import { quoteName } from './quote-name.ts';

/** Text that is not the JSON that was expected; the message says what and where, without the file. */
export class JsonError extends Error {
  override readonly name = 'JsonError';
}

/** Reads one JSON text value by value, each call taking the next one and throwing {@link JsonError} if it is no such value. */
export interface JsonReader {
  /** An object: `member` is called after each key and has to take that key's value. Two equal keys are an error. */
  object(member: (key: string) => void): void;
  /** An array: `item` is called before each item and has to take it. */
  array(item: (index: number) => void): void;
  /** A string, unescaped; a lone surrogate is an error. */
  string(): string;
  /** A whole number in 0 … 2^53 − 1, written without sign, fraction or exponent. */
  wholeNumber(): number;
  /** Any value, checked but not kept. */
  skip(): void;
  /** The end of the text: anything but white space left is an error. */
  end(): void;
}

const DEEPEST = 32;
const SCALAR = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const DIGITS = /(?:0|[1-9]\d*)(?![\d.eE])/y;
const SPACE = /[ \t\n\r]*/y;

/**
 * A reader over `text`.
 *
 * `JSON.parse` is not enough for files from strangers: it keeps the last of two equal keys without a word, and builds
 * gigabytes of objects out of a few megabytes of brackets. This one says what it expects as it goes, so that nothing
 * is built that the caller did not ask for.
 */
export function createJsonReader(text: string): JsonReader {
  let at = 0;
  let depth = 0;

  function fail(expected: string): never {
    const found = at >= text.length ? 'the end' : quoteName(text.slice(at, at + 16));
    throw new JsonError(`expected ${expected} at character ${at}, found ${found}`);
  }

  function match(pattern: RegExp): string | undefined {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    at += found?.length ?? 0;
    return found;
  }

  function next(): string | undefined {
    match(SPACE);
    return text[at];
  }

  function take(char: string): boolean {
    if (next() !== char) return false;
    at += 1;
    return true;
  }

  function list(open: string, close: string, what: string, item: (index: number) => void): void {
    if (!take(open)) fail(what);
    if (++depth > DEEPEST) throw new JsonError(`nested more than ${DEEPEST} deep at character ${at}`);
    if (!take(close)) {
      for (let index = 0; ; index++) {
        item(index);
        if (take(close)) break;
        if (!take(',')) fail(`"," or "${close}"`);
      }
    }
    depth -= 1;
  }

  function object(member: (key: string) => void): void {
    const keys = new Set<string>();
    list('{', '}', 'an object', () => {
      const key = string();
      if (keys.has(key)) throw new JsonError(`the name ${quoteName(key)} is there twice`);
      keys.add(key);
      if (!take(':')) fail('":"');
      member(key);
    });
  }

  function string(): string {
    if (next() !== '"') fail('a string');
    let end = at + 1;
    while (end < text.length && text[end] !== '"') end += text[end] === '\\' ? 2 : 1;
    const raw = text.slice(at, end + 1);
    let value: unknown;
    try {
      value = JSON.parse(raw); // escapes, control characters and a missing quote are its affair
    } catch {
      value = undefined;
    }
    if (typeof value !== 'string' || !value.isWellFormed()) fail('a valid string');
    at = end + 1;
    return value;
  }

  function wholeNumber(): number {
    next();
    const value = Number(match(DIGITS) ?? fail('a whole number of 0 or more'));
    if (!Number.isSafeInteger(value)) throw new JsonError(`a number above 2^53 ends at character ${at}`);
    return value;
  }

  function skip(): void {
    const char = next();
    if (char === '{') object(skip);
    else if (char === '[') list('[', ']', 'an array', skip);
    else if (char === '"') string();
    else if (!match(SCALAR)) fail('a value');
  }

  return {
    object,
    array: (item) => list('[', ']', 'an array', item),
    string,
    wholeNumber,
    skip,
    end: () => {
      if (next() !== undefined) fail('the end');
    },
  };
}
