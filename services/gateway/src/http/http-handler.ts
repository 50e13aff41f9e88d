import { ServerResponse } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';

/** A request and its response by either version of HTTP: Node has no name for what both have. */
export type Request = IncomingMessage | Http2ServerRequest;
export type Response = ServerResponse | Http2ServerResponse;

export type HttpHandler = (request: Request, response: Response) => void;

/** Writes a response's status and headers. */
export function writeHead(response: Response, status: number, headers: Readonly<Record<string, string>>): Response {
  // The same call twice: the two types have different overloads.
  if (response instanceof ServerResponse) response.writeHead(status, headers);
  else response.writeHead(status, headers);
  return response;
}
