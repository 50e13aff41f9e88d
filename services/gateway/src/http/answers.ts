import { writeHead } from './http-handler.ts';
import type { Request, Response } from './http-handler.ts';

/** Answers in a line of plain text. */
export function answerText(
  response: Response,
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.headersSent) {
    response.end();
    return;
  }
  const body = `${text}\n`;
  writeHead(response, status, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': String(Buffer.byteLength(body)),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...headers,
  });
  response.end(body);
}

/** In the same words for everything that is not there, or not for the one who asks. */
export const notFound = (response: Response): void => answerText(response, 404, 'not found');

/** Whether a request only reads; one that does not is answered. */
export function methodIsRead({ method }: Request, response: Response): boolean {
  if (method === 'GET' || method === 'HEAD') return true;
  answerText(response, 405, 'method not allowed', { allow: 'GET, HEAD' });
  return false;
}

/** The path and query of a request, or null for what is no address. Whom it was sent to is of no matter. */
export const urlOf = ({ url }: Request): URL | null => URL.parse(url ?? '', 'http://gateway');
