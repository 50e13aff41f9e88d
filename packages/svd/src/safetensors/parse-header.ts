import { bytesOf, isDtype } from './dtype.ts';
import type { Dtype } from './dtype.ts';
import { createJsonReader, JsonError } from './json-reader.ts';
import type { JsonReader } from './json-reader.ts';
import { quoteName } from './quote-name.ts';

/** One tensor of a header. `begin` and `end` are byte offsets from the end of the header. */
export interface HeaderEntry {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

const MAX_DIMENSIONS = 64;

/**
 * Parses a safetensors header and checks what the format requires: each range has the length that shape and type imply,
 * and the ranges cover the data without overlap, gap or remainder.
 *
 * @param dataLength number of bytes after the header
 * @returns the tensors in the order of their bytes
 * @throws {@link JsonError} with the reason, without the name of the file
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
    if (end > dataLength) {
      throw new JsonError(
        `the bytes of ${quoteName(name)} exceed the end of the file: it is not complete; download it again`,
      );
    }
    if (begin < covered) throw new JsonError(`the bytes of ${quoteName(name)} overlap those of another tensor`);
    if (begin > covered) throw new JsonError(`there is a gap of ${begin - covered} bytes before ${quoteName(name)}`);
    covered = end;
  }
  if (covered < dataLength) throw new JsonError(`${dataLength - covered} bytes follow the last tensor`);
  return entries;
}

/** Parses the metadata of a header. @throws {@link JsonError} with the reason */
export function parseMetadata(text: string): Map<string, string> {
  const reader = createJsonReader(text);
  const metadata = new Map<string, string>();
  reader.object((name) => {
    if (name === '__metadata__') reader.object((key) => void metadata.set(key, reader.string()));
    else reader.skip();
  });
  return metadata;
}

function readEntry(reader: JsonReader, name: string): HeaderEntry {
  let dtype: string | undefined;
  let shape: number[] | undefined;
  let offsets: number[] | undefined;
  try {
    reader.object((key) => {
      if (key === 'dtype') dtype = reader.string();
      else if (key === 'shape') shape = readNumbers(reader, MAX_DIMENSIONS);
      else if (key === 'data_offsets') offsets = readNumbers(reader, 2);
      else throw new JsonError(`unknown field ${quoteName(key)}`);
    });
    if (dtype === undefined || !shape || !offsets) throw new JsonError('dtype, shape or data_offsets is missing');
    if (!isDtype(dtype)) throw new JsonError(`unknown dtype ${quoteName(dtype)}`);
    const [begin, end] = offsets;
    if (begin === undefined || end === undefined || end < begin)
      throw new JsonError('data_offsets is not a valid range');
    const bytes = shape.reduce(multiply, bytesOf(dtype));
    if (bytes !== end - begin) {
      throw new JsonError(
        `${dtype} [${shape.join(', ')}] has ${bytes} bytes, but its data_offsets span ${end - begin}`,
      );
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
    if (index >= most) throw new JsonError(`a list has more than ${most} numbers`);
    numbers.push(reader.wholeNumber());
  });
  return numbers;
}

function multiply(a: number, b: number): number {
  const product = a * b;
  if (!Number.isSafeInteger(product)) throw new JsonError('the tensor has more than 2^53 bytes');
  return product;
}
