/** What a JSON text may contain. */
export interface JsonLimits {
  /** Levels of objects and arrays. */
  readonly maxDepth: number;
  /** Bytes outside of strings: brackets, commas, numbers, white space. */
  readonly maxStructureBytes: number;
  /** Bytes of a string, between its quotes; one string, the photo, may be longer. */
  readonly maxStringBytes: number;
}

/** A JSON text goes beyond its limits. */
export class JsonLimitError extends Error {
  override readonly name = 'JsonLimitError';
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = [0x7b, 0x5b];
const CLOSE = [0x7d, 0x5d];

/**
 * Checks the shape of a JSON text while its bytes arrive, before anything parses it: `JSON.parse` of 17 MB of brackets
 * blocks the process for seconds and takes more than a gigabyte. Whether the text is valid JSON is left to the parser.
 *
 * @returns a function that takes the next bytes. @throws JsonLimitError from that function
 */
export function createJsonLimiter({ maxDepth, maxStructureBytes, maxStringBytes }: JsonLimits) {
  let depth = 0;
  let structureBytes = 0;
  let stringBytes = 0;
  let longStrings = 0;
  let inString = false;
  let escaped = false;

  function countString(bytes: number): void {
    const before = stringBytes;
    stringBytes += bytes;
    if (stringBytes <= maxStringBytes || before > maxStringBytes) return;
    longStrings++;
    if (longStrings > 1) throw new JsonLimitError('only one string, the photo, may be long');
  }

  /** @returns the position after the string, or the end of the bytes where the string goes on. */
  function skipString(bytes: Uint8Array, start: number): number {
    const quote = bytes.indexOf(QUOTE, start);
    const end = quote < 0 ? bytes.length : quote;
    const backslash = escaped ? start : bytes.indexOf(BACKSLASH, start);
    if (backslash < 0 || backslash >= end) {
      countString(end - start);
      inString = quote < 0;
      return quote < 0 ? end : end + 1;
    }
    for (let at = start; at < bytes.length; at++) {
      if (escaped) escaped = false;
      else if (bytes[at] === BACKSLASH) escaped = true;
      else if (bytes[at] === QUOTE) {
        countString(at - start);
        inString = false;
        return at + 1;
      }
    }
    countString(bytes.length - start);
    return bytes.length;
  }

  return (bytes: Uint8Array): void => {
    let at = 0;
    while (at < bytes.length) {
      if (inString) {
        at = skipString(bytes, at);
        continue;
      }
      const byte = bytes[at++]!;
      if (++structureBytes > maxStructureBytes) throw new JsonLimitError('there is too much besides strings');
      if (byte === QUOTE) {
        inString = true;
        stringBytes = 0;
      } else if (OPEN.includes(byte)) {
        if (++depth > maxDepth) throw new JsonLimitError('objects and arrays are nested too deeply');
      } else if (CLOSE.includes(byte)) depth--;
    }
  };
}
