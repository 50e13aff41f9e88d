import { bytesOf, isDtype } from './dtype.ts';
import type { Dtype } from './dtype.ts';
import { createJsonReader, JsonError } from './json-reader.ts';
import type { JsonReader } from './json-reader.ts';
import { quoteName } from './quote-name.ts';

/** One tensor as a header describes it; `begin` and `end` count bytes from the end of the header. */
export interface HeaderEntry {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

const MOST_DIMENSIONS = 64;

/**
 * The tensors of a safetensors header, in the order of their bytes, checked as the format asks: each range as long as
 * its shape and type say, and all of them together covering `dataLength` bytes without overlap, hole or rest.
 *
 * @throws {@link JsonError} with the reason, without the file's name.
 */
export function parseHeader(text: string, dataLength: number): HeaderEntry[] {
  const reader = createJsonReader(text);
  const entries: HeaderEntry[] = [];
  reader.object((name) => {
    if (name === '__metadata__') reader.object(() => void reader.string());
    else entries.push(readEntry(reader, name));
  });
  reader.end();

  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let covered = 0;
  for (const { name, begin, end } of entries) {
    if (end > dataLength) throw new JsonError(`the bytes of ${quoteName(name)} go past the end of the file`);
    if (begin < covered) throw new JsonError(`the bytes of ${quoteName(name)} overlap those of another tensor`);
    if (begin > covered) throw new JsonError(`there is a hole of ${begin - covered} bytes before ${quoteName(name)}`);
    covered = end;
  }
  if (covered < dataLength) throw new JsonError(`${dataLength - covered} bytes follow the last tensor`);
  return entries;
}

function readEntry(reader: JsonReader, name: string): HeaderEntry {
  let dtype: string | undefined;
  let shape: number[] | undefined;
  let offsets: number[] | undefined;
  try {
    reader.object((key) => {
      if (key === 'dtype') dtype = reader.string();
      else if (key === 'shape') shape = readNumbers(reader, MOST_DIMENSIONS);
      else if (key === 'data_offsets') offsets = readNumbers(reader, 2);
      else throw new JsonError(`unknown field ${quoteName(key)}`);
    });
    if (dtype === undefined || !shape || !offsets) throw new JsonError('dtype, shape or data_offsets is missing');
    if (!isDtype(dtype)) throw new JsonError(`unknown dtype ${quoteName(dtype)}`);
    const [begin, end] = offsets;
    if (begin === undefined || end === undefined || end < begin) throw new JsonError('data_offsets are no range');
    const bytes = shape.reduce(multiply, bytesOf(dtype));
    if (bytes !== end - begin) {
      throw new JsonError(`${dtype} [${shape.join(', ')}] is ${bytes} bytes, its data_offsets span ${end - begin}`);
    }
    return { name, dtype, shape, begin, end };
  } catch (cause) {
    if (cause instanceof JsonError) throw new JsonError(`tensor ${quoteName(name)}: ${cause.message}`, { cause });
    throw cause;
  }
}

function readNumbers(reader: JsonReader, most: number): number[] {
  const numbers: number[] = [];
  reader.array((index) => {
    if (index >= most) throw new JsonError(`a list of more than ${most} numbers`);
    numbers.push(reader.wholeNumber());
  });
  return numbers;
}

function multiply(a: number, b: number): number {
  const product = a * b;
  if (!Number.isSafeInteger(product)) throw new JsonError('the shape has more than 2^53 bytes');
  return product;
}
