/** The limits of a JSON text. Every limit is required. */
export interface JsonLimits {
  /** The most nested levels of objects and arrays. */
  readonly maxDepth: number;
  /** The most bytes outside of strings: brackets, commas, numbers, white space. */
  readonly maxStructureBytes: number;
  /** The most bytes of a string, without its quotes. */
  readonly maxStringBytes: number;
  /** How many strings may be longer: the photos. */
  readonly maxLongStrings: number;
}

/** A JSON text exceeds a limit. */
export class JsonLimitError extends Error {
  override readonly name = 'JsonLimitError';
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = [0x7b, 0x5b];
const CLOSE = [0x7d, 0x5d];

/**
 * Checks the structure of a JSON text while its bytes arrive, before it is parsed: `JSON.parse` of 17 MB of brackets blocks
 * the process for seconds and takes more than 1 GB of memory. It does not check whether the text is valid JSON.
 * @returns a function that takes the next bytes, and throws JsonLimitError.
 */
export function createJsonLimiter({ maxDepth, maxStructureBytes, maxStringBytes, maxLongStrings }: JsonLimits) {
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
    if (longStrings > maxLongStrings) throw new JsonLimitError('only photos may be long strings');
  }

  /** @returns the position after the string; the number of bytes when the string continues in the next chunk. */
  function skipString(bytes: Uint8Array, start: number): number {
    const quote = bytes.indexOf(QUOTE, start);
    const end = quote < 0 ? bytes.length : quote;
    // Without an escape, neither before the chunk nor in it, the next quote ends the string.
    if (!escaped && !bytes.subarray(start, end).includes(BACKSLASH)) {
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
      if (++structureBytes > maxStructureBytes) throw new JsonLimitError('there are too many bytes outside of strings');
      if (byte === QUOTE) {
        inString = true;
        stringBytes = 0;
      } else if (OPEN.includes(byte)) {
        if (++depth > maxDepth) throw new JsonLimitError('objects and arrays are nested too deeply');
      } else if (CLOSE.includes(byte)) depth--;
    }
  };
}
