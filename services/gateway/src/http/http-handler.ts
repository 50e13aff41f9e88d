import { ServerResponse } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';

/** A request and a response of either HTTP version. Node has no common type for them. */
export type Request = IncomingMessage | Http2ServerRequest;
export type Response = ServerResponse | Http2ServerResponse;

/** Answers a request. */
export type HttpHandler = (request: Request, response: Response) => void;

/** Writes the status and headers of a response. */
export function writeHead(response: Response, status: number, headers: Readonly<Record<string, string>>): Response {
  // The calls differ in type only: the two classes have different overloads.
  if (response instanceof ServerResponse) response.writeHead(status, headers);
  else response.writeHead(status, headers);
  return response;
}
