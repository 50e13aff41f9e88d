import { refuseFields } from '@cinematica/protocol';

/** The token of the page after a video. It is opaque, so that clients do not depend on its content. */
export const writePageToken = (videoId: string): string => Buffer.from(`1/${videoId}`).toString('base64url');

/**
 * The id of the video before a page.
 * @param token empty for the first page.
 * @returns null for the first page.
 * @throws RpcError INVALID_ARGUMENT for an invalid token.
 */
export function readPageToken(token: string): string | null {
  if (token === '') return null;
  const [, videoId] = /^1\/([0-9a-f-]{36})$/.exec(Buffer.from(token, 'base64url').toString()) ?? [];
  if (videoId !== undefined) return videoId;
  const description = 'is not the next_page_token of another page: leave it out to get the first page';
  throw refuseFields([{ field: 'page_token', description }]);
}
