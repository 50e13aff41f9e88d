import { quoteName } from './quote-name.ts';

/** The text is not the expected JSON. The message gives the reason and the position, but not the file. */
export class JsonError extends Error {
  override readonly name = 'JsonError';
}

/** Reads a JSON text value by value. Each method reads the next value, and throws {@link JsonError} if it has another type. */
export interface JsonReader {
  /** Reads an object. `member` is called after each key and must read its value. A duplicate key is an error. */
  object(member: (key: string) => void): void;
  /** Reads an array. `item` is called before each item and must read it. */
  array(item: (index: number) => void): void;
  /** Reads a string and resolves its escapes. A lone surrogate is an error. */
  string(): string;
  /** Reads an integer from 0 to 2^53 − 1, written without sign, fraction or exponent. */
  wholeNumber(): number;
  /** Reads and discards a value of any type. */
  skip(): void;
  /** Checks that only white space is left. */
  end(): void;
}

const MAX_DEPTH = 32;
const SCALAR = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const DIGITS = /(?:0|[1-9]\d*)(?![\d.eE])/y;
const SPACE = /[ \t\n\r]*/y;

/**
 * Creates a reader for a JSON text from an untrusted file.
 *
 * `JSON.parse` is not sufficient there: it silently keeps the last of two equal keys, and it can build gigabytes of objects
 * from a few megabytes of brackets. With this reader the caller states the type of each value, so that only the expected
 * values are created.
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
    if (++depth > MAX_DEPTH) throw new JsonError(`nested deeper than ${MAX_DEPTH} levels at character ${at}`);
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
      if (keys.has(key)) throw new JsonError(`the name ${quoteName(key)} occurs twice`);
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
      value = JSON.parse(raw); // JSON.parse checks escapes, control characters and the closing quote
    } catch {
      value = undefined;
    }
    if (typeof value !== 'string' || !value.isWellFormed()) fail('a valid string');
    at = end + 1;
    return value;
  }

  function wholeNumber(): number {
    next();
    const value = Number(match(DIGITS) ?? fail('an integer of 0 or more'));
    if (!Number.isSafeInteger(value)) throw new JsonError(`the number before character ${at} exceeds 2^53`);
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
