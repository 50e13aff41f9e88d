import { declaredBytes, JSON_LIMITS } from '../../http/body-classes.ts';
import type { BodyClass, BodyClasses } from '../../http/body-classes.ts';
import type { Request } from '../../http/http-handler.ts';
import { createJsonLimiter } from '../../http/json-limits.ts';
import { receiveBody } from '../../http/receive-body.ts';
import type { BodyError } from '../../http/receive-body.ts';
import { ApiError } from '../api-error.ts';
import { parseForm } from './parse-form.ts';
import { parseJson } from './parse-json.ts';

/** Options for reading the body of a request. All of them are required. */
export interface ReadBodyOptions {
  /** Limits the body, and counts its memory. */
  readonly bodies: BodyClasses;
  /** The class of the body. */
  readonly bodyClass: 'upload' | 'message';
  /** The client in the receive budget. */
  readonly client: string;
  /** Called when the memory of a body that has been received is needed for another client. */
  readonly onEvict: (error: BodyError) => void;
  /** Aborted when the request has been answered. The memory of the body is released then. */
  readonly signal: AbortSignal;
}

/**
 * Reads the fields of a request: JSON or a form, within the limits that all requests have.
 * @returns the fields; none for an empty body. Files of a form are `UploadedFile`s.
 * @throws ApiError, BodyError, JsonLimitError, PhotoError
 */
export async function readBody(request: Request, options: ReadBodyOptions): Promise<Record<string, unknown>> {
  const { headers } = request;
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity') {
    throw new ApiError(415, 'unsupported_media_type', 'The body must not be compressed: send it as it is.');
  }
  const contentType = headers['content-type'] ?? '';
  const [kind = ''] = contentType.toLowerCase().split(';', 1);
  try {
    switch (kind.trim()) {
      case 'multipart/form-data':
        return await parseForm(contentType, receive(request, options, null));
      case 'application/json':
        return parseJson(await readText(receive(request, options, createJsonLimiter(JSON_LIMITS))));
      case '':
        if ((await readText(receive(request, options, null))) === '') return {};
    }
  } catch (error) {
    options.bodies.countRefusal(error);
    throw error;
  }
  const message = 'The body must be multipart/form-data or application/json, as its content-type says.';
  throw new ApiError(415, 'unsupported_media_type', message);
}

function receive(
  request: Request,
  { bodies, bodyClass, client, onEvict, signal }: ReadBodyOptions,
  inspect: ((chunk: Uint8Array) => void) | null,
): AsyncGenerator<Uint8Array> {
  const { limits, budget }: BodyClass = bodies[bodyClass];
  return receiveBody(request as AsyncIterable<Uint8Array>, {
    limits,
    budget,
    client,
    declaredBytes: declaredBytes(request.headers['content-length']),
    countsAsLargest: false,
    releaseWhenReceived: bodyClass === 'message',
    inspect,
    onEvict,
    signal,
  });
}

async function readText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return new TextDecoder('utf-8').decode(Buffer.concat(chunks));
}
