import { refuseFields } from '@cinematica/protocol';
import { createHash } from 'node:crypto';

/** The `filter` and `order_by` of a request. A token is valid only with those of the page that it comes from. */
export type PageQuery = readonly [filter: string, orderBy: string];

/** The token of the page after a video. It is opaque, so that clients do not depend on its content. */
export const writePageToken = (videoId: string, query: PageQuery): string =>
  Buffer.from(`2/${videoId}/${digestOf(query)}`).toString('base64url');

/**
 * The id of the video before a page.
 * @param token empty for the first page.
 * @returns null for the first page.
 * @throws RpcError INVALID_ARGUMENT for an invalid token.
 */
export function readPageToken(token: string, query: PageQuery): string | null {
  if (token === '') return null;
  const text = Buffer.from(token, 'base64url').toString();
  const [, videoId, digest] = /^2\/([0-9a-f-]{36})\/([\w-]{11})$/.exec(text) ?? [];
  if (videoId === undefined) {
    throw invalidToken('is not the next_page_token of another page: leave it out to get the first page');
  }
  if (digest === digestOf(query)) return videoId;
  throw invalidToken('belongs to pages with another filter or order_by: leave it out to get the first page');
}

/** A short digest of the parameters that the pages of a list have in common. */
const digestOf = (query: PageQuery): string =>
  createHash('sha256').update(JSON.stringify(query)).digest('base64url').slice(0, 11);

const invalidToken = (description: string) => refuseFields([{ field: 'page_token', description }]);
