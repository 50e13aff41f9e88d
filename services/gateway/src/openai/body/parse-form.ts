import { Busboy } from '@fastify/busboy';
import type { BusboyFileStream, BusboyInstance } from '@fastify/busboy';
import { once } from 'node:events';
import { MAX_UPLOAD_BYTES } from '../../rpc/limits.ts';
import { PHOTO_LIMITS } from '../../photo/photo-limits.ts';
import { tooLargeError } from '../../photo/photo-refusals.ts';
import { ApiError } from '../api-error.ts';
import { objectOfForm } from './form-fields.ts';
import { UploadedFile } from './uploaded-file.ts';

const MAX_FIELDS = 64;
/** Only one photo is used, and a second one is refused by name. */
const MAX_FILES = 2;
const LIMITS = {
  fields: MAX_FIELDS,
  files: MAX_FILES,
  parts: MAX_FIELDS + MAX_FILES,
  // A photo in a data: URL is a field. The whole form has the same limit.
  fieldSize: MAX_UPLOAD_BYTES,
  fileSize: PHOTO_LIMITS.maxBytes,
  headerPairs: 16,
  headerSize: 4_096,
};

/**
 * Parses a form while its bytes arrive.
 * @param contentType the header, with the boundary.
 * @param body the bytes, within the limits of a request.
 * @returns the fields. Those with a file are {@link UploadedFile}s.
 * @throws ApiError for a malformed form or too many fields, PhotoError for a file that is too large; what `body` throws.
 */
export async function parseForm(
  contentType: string,
  body: AsyncIterable<Uint8Array>,
): Promise<Record<string, unknown>> {
  const parser = openParser(contentType);
  const entries: [string, unknown][] = [];
  const failures: Error[] = [];
  const fail = (error: Error): void => void failures.push(error);
  const throwFirst = (): void => {
    if (failures[0]) throw failures[0];
  };
  const malformed = () => fail(new ApiError(400, 'invalid_form', 'The form is incomplete or malformed.'));

  parser.on('field', (name: string | undefined, value, _, truncated) => {
    if (name === undefined) malformed();
    else if (truncated) fail(new ApiError(413, 'request_too_large', `${name}: the field is too large.`, name));
    else entries.push([name, value]);
  });
  parser.on('file', (name: string | undefined, file, _, __, type) => {
    const place = entries.push([name ?? '', null]) - 1;
    file.on('error', malformed);
    readFile(file, fail, (bytes) => {
      entries[place] = [name ?? '', new UploadedFile(bytes, type)];
    });
  });
  for (const event of ['partsLimit', 'fieldsLimit', 'filesLimit'] as const) {
    parser.on(event, () => fail(new ApiError(400, 'invalid_form', 'The form has too many fields or files.')));
  }
  parser.on('error', malformed);

  const finished = once(parser, 'finish');
  // Awaited below, unless an error comes first.
  finished.catch(() => undefined);
  for await (const chunk of body) {
    throwFirst();
    if (!parser.write(chunk)) await drained(parser, () => failures.length > 0);
  }
  throwFirst();
  parser.end();
  await finished.catch(malformed);
  throwFirst();
  return objectOfForm(entries);
}

function openParser(contentType: string): BusboyInstance {
  try {
    return new Busboy({ headers: { 'content-type': contentType }, limits: LIMITS });
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new ApiError(400, 'invalid_form', `The form cannot be read: ${message}.`);
  }
}

/** Waits until the parser takes more. A parser that has failed takes nothing any more. */
async function drained(parser: BusboyInstance, hasFailed: () => boolean): Promise<void> {
  if (hasFailed()) return;
  await Promise.race([once(parser, 'drain'), once(parser, 'close')]).catch(() => undefined);
}

function readFile(file: BusboyFileStream, fail: (error: Error) => void, done: (bytes: Uint8Array) => void): void {
  const chunks: Buffer[] = [];
  file.on('data', (chunk: Buffer) => chunks.push(chunk));
  file.on('limit', () => fail(tooLargeError(PHOTO_LIMITS.maxBytes + 1, PHOTO_LIMITS.maxBytes)));
  file.on('end', () => done(Buffer.concat(chunks)));
}
