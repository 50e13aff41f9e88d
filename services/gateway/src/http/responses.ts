import { writeHead } from './http-handler.ts';
import type { Request, Response } from './http-handler.ts';

/** Sends one line of plain text. When the headers have been sent already, the response is only ended. */
export function sendText(
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

/** Sends JSON. When the headers have been sent already, the response is only ended. */
export function sendJson(
  response: Response,
  status: number,
  value: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.headersSent) {
    response.end();
    return;
  }
  const body = JSON.stringify(value);
  writeHead(response, status, {
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...headers,
  });
  response.end(body);
}

/** Sends the same 404 for everything that does not exist or that the caller may not see. */
export const sendNotFound = (response: Response): void => sendText(response, 404, 'not found');

/** Whether the method is GET or HEAD. Otherwise a 405 is sent. */
export function allowsMethod({ method }: Request, response: Response): boolean {
  if (method === 'GET' || method === 'HEAD') return true;
  sendText(response, 405, 'method not allowed', { allow: 'GET, HEAD' });
  return false;
}

/** The path and query of a request; null when they are malformed. The host is a placeholder. */
export const requestUrl = ({ url }: Request): URL | null => URL.parse(url ?? '', 'http://gateway');
