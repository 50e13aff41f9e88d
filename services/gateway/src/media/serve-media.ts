import { MissingArtifactError, UnavailableError } from '@cinematica/pipeline';
import type { Artifact, Artifacts, Log, VideoTable } from '@cinematica/pipeline';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { ServerResponse } from 'node:http';
import { constants } from 'node:http2';
import type { ApiKeys } from '../callers/api-keys.ts';
import { ownerOfKey } from '../callers/authenticate.ts';
import { writeHead } from '../http/http-handler.ts';
import type { HttpHandler, Request, Response } from '../http/http-handler.ts';
import { sendText, allowsMethod, sendNotFound, requestUrl } from '../http/responses.ts';
import { isShareOf } from '../videos/share.ts';
import { mediaFiles } from './media-files.ts';
import type { MediaFile } from './media-files.ts';
import { parseMediaPath } from './media-links.ts';
import type { MediaLinks } from './media-links.ts';
import { parseRange } from './range.ts';

/** What media are served from. Every part is required. */
export interface MediaParts {
  /** Tells which files a video has, and whether its share still exists. */
  readonly table: Pick<VideoTable, 'videos'>;
  /** Verifies links. */
  readonly links: MediaLinks;
  /** Files are read from here, part by part. */
  readonly artifacts: Pick<Artifacts, 'stream'>;
  /** The keys with which services open the files of their videos without a link. */
  readonly keys: ApiKeys;
  /** Whether web pages of other origins may show the files. */
  readonly crossOrigin: boolean;
  /** Unexpected errors are logged here. */
  readonly log: Log;
}

/** A file that a request may read. */
interface FoundFile {
  readonly file: MediaFile;
  readonly videoId: string;
  /** How long the permission lasts: the end of a link, in seconds since 1970; null with a key. */
  readonly until: number | null;
}

/**
 * Serves `/media/…`: the files of videos, to everyone who has a link, and to services that send the key of the owner. A forged
 * or expired link, a link of an ended share, and a link to a missing file all get the same 404. A wrong key gets a 401.
 */
export function serveMedia({ table, links, artifacts, keys, crossOrigin, log }: MediaParts): HttpHandler {
  function findByLink(url: URL): FoundFile | null {
    const permission = links.check(url);
    const record = permission && table.videos.get(permission.videoId)?.record;
    if (!permission || !record) return null;
    if (permission.shareId !== '' && !isShareOf(record, permission.shareId)) return null;
    const file = mediaFiles(record).find(({ name }) => name === permission.file);
    return file ? { file, until: permission.until, videoId: record.videoId } : null;
  }

  function findByKey({ pathname }: URL, owner: string | null): FoundFile | null {
    const path = parseMediaPath(pathname);
    const record = path && owner !== null ? table.videos.get(path.videoId)?.record : undefined;
    if (!path || record?.owner !== owner) return null;
    const file = mediaFiles(record).find(({ name }) => name === path.file);
    return file ? { file, until: null, videoId: record.videoId } : null;
  }

  async function serve(request: Request, response: Response): Promise<void> {
    if (!allowsMethod(request, response)) return;
    const url = requestUrl(request);
    const owner = ownerOfRequest(keys, request);
    if (owner === 'invalid') {
      sendText(response, 401, 'the API key is not valid', { 'www-authenticate': 'Bearer' });
      return;
    }
    const found = url && (findByLink(url) ?? findByKey(url, owner));
    if (!url || !found) {
      sendNotFound(response);
      return;
    }
    const { file, until, videoId } = found;
    const size = Number(file.artifact.size);
    const etag = `"${Buffer.from(file.artifact.sha256).toString('base64url').slice(0, 32)}"`;
    const headers: Record<string, string> = {
      etag,
      // A file never changes. The link is the permission, so shared caches must not store the file.
      'cache-control':
        until === null
          ? 'private, no-cache'
          : `private, max-age=${Math.max(0, until - Math.floor(Date.now() / 1000))}, immutable`,
      'accept-ranges': 'bytes',
      'content-type': file.contentType,
      'content-disposition': disposition(url, file, videoId),
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
      'cross-origin-resource-policy': crossOrigin ? 'cross-origin' : 'same-origin',
      'referrer-policy': 'no-referrer',
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
    else await send(file.artifact, { first, last }, response, () => writeHead(response, status, headers));
  }

  /** Sends a range part by part. The next part is read when the one before it has gone out, so that no file is in memory. */
  async function send(
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

  return (request, response) => {
    serve(request, response).catch((error: unknown) => {
      if (response.headersSent) {
        log.error('media response interrupted', error);
        breakOff(response);
        return;
      }
      if (error instanceof MissingArtifactError) {
        sendNotFound(response);
        return;
      }
      if (error instanceof UnavailableError) {
        sendText(response, 503, 'not available right now: try again', { 'retry-after': '2' });
        return;
      }
      log.error('media request failed', error);
      sendText(response, 500, 'internal error');
    });
  };
}

/** The owner of the key in a request; null without a key. A header for a proxy, such as `Basic`, is not a key. */
function ownerOfRequest(keys: ApiKeys, { headers }: Request): string | null {
  const { authorization } = headers;
  const apiKey = headers['x-api-key'];
  try {
    return ownerOfKey(keys, {
      authorization: authorization !== undefined && /^Bearer /i.test(authorization) ? authorization : null,
      'x-api-key': typeof apiKey === 'string' ? apiKey : null,
    });
  } catch {
    return 'invalid';
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

/** With `?download`, browsers save the file under a name that contains a digest of the video's id. */
function disposition({ searchParams }: URL, { name }: MediaFile, videoId: string): string {
  if (!searchParams.has('download')) return 'inline';
  const id = createHash('sha256').update(videoId).digest('hex').slice(0, 8);
  return `attachment; filename="cinematica-${id}-${name}"`;
}

/** Whether an `if-none-match` header contains the ETag. */
const matches = (header: string | undefined, etag: string): boolean =>
  header?.split(',').some((one) => one.trim().replace(/^W\//, '') === etag || one.trim() === '*') ?? false;
