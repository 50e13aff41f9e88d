import type { VideoTable } from '@cinematica/pipeline';
import { createHash } from 'node:crypto';
import type { ApiKeys } from '../callers/api-keys.ts';
import { ownerOfKey } from '../callers/authenticate.ts';
import type { HttpHandler, Request, Response } from '../http/http-handler.ts';
import { sendText, allowsMethod, sendNotFound, requestUrl } from '../http/responses.ts';
import { isShareOf } from '../videos/share.ts';
import { mediaFiles } from './media-files.ts';
import type { MediaFile } from './media-files.ts';
import { parseMediaPath } from './media-links.ts';
import type { MediaLinks } from './media-links.ts';
import { sendFile } from './send-file.ts';
import type { FileParts, FileRefusal } from './send-file.ts';

/** The dependencies of serving media. All of them are required. */
export interface MediaParts extends FileParts {
  /** Tells which files a video has, and whether its share still exists. */
  readonly table: Pick<VideoTable, 'videos'>;
  /** Verifies links. */
  readonly links: MediaLinks;
  /** The keys with which services open the files of their videos without a link. */
  readonly keys: ApiKeys;
  /** Whether web pages of other origins may show the files. */
  readonly crossOrigin: boolean;
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
    const headers = {
      // A file never changes. The link is the permission, so shared caches must not store the file.
      'cache-control':
        until === null
          ? 'private, no-cache'
          : `private, max-age=${Math.max(0, until - Math.floor(Date.now() / 1000))}, immutable`,
      'content-disposition': disposition(url, file, videoId),
      'cross-origin-resource-policy': crossOrigin ? 'cross-origin' : 'same-origin',
    };
    await sendFile({ artifacts, log }, file, request, response, {
      headers,
      refuse: (refusal) => sendRefusal(response, refusal),
    });
  }

  return (request, response) => {
    serve(request, response).catch((error: unknown) => {
      log.error('media request failed', error);
      sendRefusal(response, 'failed');
    });
  };
}

function sendRefusal(response: Response, refusal: FileRefusal): void {
  switch (refusal) {
    case 'missing':
      sendNotFound(response);
      return;
    case 'unavailable':
      sendText(response, 503, 'not available right now: try again', { 'retry-after': '2' });
      return;
    case 'failed':
      sendText(response, 500, 'internal error');
  }
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

/** With `?download`, browsers save the file under a name that contains a digest of the video's id. */
function disposition({ searchParams }: URL, { name }: MediaFile, videoId: string): string {
  if (!searchParams.has('download')) return 'inline';
  const id = createHash('sha256').update(videoId).digest('hex').slice(0, 8);
  return `attachment; filename="cinematica-${id}-${name}"`;
}
