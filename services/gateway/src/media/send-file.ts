import { MissingArtifactError, UnavailableError } from '@cinematica/pipeline';
import type { Artifact, Artifacts, Log } from '@cinematica/pipeline';
import { once } from 'node:events';
import { ServerResponse } from 'node:http';
import { constants } from 'node:http2';
import { writeHead } from '../http/http-handler.ts';
import type { Request, Response } from '../http/http-handler.ts';
import type { MediaFile } from './media-files.ts';
import { parseRange } from './range.ts';

/** The dependencies of {@link sendFile}. All of them are required. */
export interface FileParts {
  /** Files are read from here, part by part. */
  readonly artifacts: Pick<Artifacts, 'stream'>;
  /** Unexpected errors are logged here. */
  readonly log: Log;
}

/** A file that is not sent, because it is no longer stored, the storage is unavailable, or for another error. */
export type FileRefusal = 'missing' | 'unavailable' | 'failed';

/** Options of {@link sendFile}. All of them are required. */
export interface SendOptions {
  /** The headers of the answer beside those of the file itself, such as `cache-control`. */
  readonly headers: Readonly<Record<string, string>>;
  /** Answers a request whose file cannot be sent. Nothing has been sent yet. */
  readonly refuse: (refusal: FileRefusal) => void;
}

/** Answers GET and HEAD with a file of a video, with support for `ETag`, `If-None-Match`, `Range` and `If-Range`. */
export async function sendFile(
  parts: FileParts,
  file: MediaFile,
  request: Request,
  response: Response,
  options: SendOptions,
): Promise<void> {
  try {
    await answer(parts, file, request, response, options.headers);
  } catch (error) {
    if (response.headersSent) {
      parts.log.error('media response interrupted', error);
      breakOff(response);
    } else if (error instanceof MissingArtifactError) {
      options.refuse('missing');
    } else if (error instanceof UnavailableError) {
      options.refuse('unavailable');
    } else {
      parts.log.error('media request failed', error);
      options.refuse('failed');
    }
  }
}

async function answer(
  { artifacts }: FileParts,
  { artifact, contentType }: MediaFile,
  request: Request,
  response: Response,
  extra: Readonly<Record<string, string>>,
): Promise<void> {
  const size = Number(artifact.size);
  const etag = `"${Buffer.from(artifact.sha256).toString('base64url').slice(0, 32)}"`;
  const headers: Record<string, string> = {
    etag,
    'accept-ranges': 'bytes',
    'content-type': contentType,
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; sandbox",
    'referrer-policy': 'no-referrer',
    ...extra,
  };
  if (matches(request.headers['if-none-match'], etag)) {
    writeHead(response, 304, headers).end();
    return;
  }
  const conditional = request.headers['if-range'];
  const rangeHeader = conditional === undefined || conditional === etag ? request.headers.range : undefined;
  const range = parseRange(rangeHeader, size);
  if (range === 'unsatisfiable') {
    writeHead(response, 416, { 'content-range': `bytes */${size}`, 'x-content-type-options': 'nosniff' }).end();
    return;
  }
  const { first, last } = range ?? { first: 0, last: size - 1 };
  headers['content-length'] = String(last - first + 1);
  if (range) headers['content-range'] = `bytes ${first}-${last}/${size}`;
  const status = range ? 206 : 200;
  if (request.method === 'HEAD') writeHead(response, status, headers).end();
  else await send(artifacts, artifact, { first, last }, response, () => writeHead(response, status, headers));
}

/** Sends a range part by part. The next part is read when the one before it has gone out, so that no file is in memory. */
async function send(
  artifacts: FileParts['artifacts'],
  artifact: Artifact,
  range: { readonly first: number; readonly last: number },
  response: Response,
  begin: () => void,
): Promise<void> {
  const closed = new AbortController();
  const { signal } = closed;
  response.once('close', () => closed.abort());
  try {
    const parts = artifacts.stream(artifact, { range, signal });
    // A missing file is reported before the head is sent.
    let part = await parts.next();
    begin();
    for (; !part.done; part = await parts.next()) {
      if (!write(response, part.value)) await once(response, 'drain', { signal });
    }
    response.end();
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

// The same call twice: the two types have different overloads.
const write = (response: Response, data: Uint8Array): boolean =>
  response instanceof ServerResponse ? response.write(data) : response.write(data);

/** Ends a response in a way that the client recognises as incomplete. */
function breakOff(response: Response): void {
  if (response instanceof ServerResponse) response.destroy();
  else response.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
}

/** Whether an `if-none-match` header contains the ETag. */
const matches = (header: string | undefined, etag: string): boolean =>
  header?.split(',').some((one) => one.trim().replace(/^W\//, '') === etag || one.trim() === '*') ?? false;
