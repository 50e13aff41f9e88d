import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Handles one request instead of the hub. */
export type Fault = (response: ServerResponse, body: Buffer, offset: number) => void;

/** A hub for tests, in this process. */
export interface TestHub extends AsyncDisposable {
  readonly endpoint: string;
  /** The files by their path in the repository. A test may change them. */
  readonly files: Map<string, Buffer>;
  /** All requests to the hub and its storage, as `METHOD path range authorization`. */
  readonly requests: string[];
  /** Each request to the storage removes the first fault and is handled by it. */
  readonly faults: Fault[];
  /** If not null, the status of every response of the hub. */
  refusal: number | null;
  /** Whether the storage supports ranges. */
  ranges: boolean;
}

/**
 * Serves `files` like the Hugging Face hub. A moved repository redirects. Large files (`.safetensors`) have their SHA-256 in
 * the response, and redirect to a storage with another origin.
 */
export async function startTestHub(files: Readonly<Record<string, Buffer>>): Promise<TestHub> {
  const log = (request: IncomingMessage): void => {
    const { range, authorization } = request.headers;
    hub.requests.push([request.method, request.url, range, authorization].filter(Boolean).join(' '));
  };
  const fileOf = (url = ''): Buffer | undefined => hub.files.get(url.replace(/^.*\/resolve\/[^/]+\//, ''));

  const storage = createServer((request, response) => {
    log(request);
    const body = fileOf(request.url) ?? Buffer.alloc(0);
    const offset = hub.ranges ? Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0) : 0;
    const fault = hub.faults.shift();
    if (fault) {
      fault(response, body, offset);
      return;
    }
    if (offset > 0 && offset >= body.length) return void response.writeHead(416).end();
    send(response, body, offset);
  });
  const server = createServer((request, response) => {
    log(request);
    const file = fileOf(request.url);
    if (hub.refusal !== null) return void response.writeHead(hub.refusal).end('<html>');
    if (request.url?.startsWith('/old/')) {
      return void response.writeHead(307, { location: request.url.replace('/old/', '/new/') }).end();
    }
    if (!file) return void response.writeHead(404).end('not found');
    if (!request.url?.endsWith('.safetensors')) {
      return void response.writeHead(200, { etag: '"0123"', 'content-length': file.length }).end(file);
    }
    response
      .writeHead(302, {
        location: `${originOf(storage)}${request.url}`,
        'x-linked-etag': `"${createHash('sha256').update(file).digest('hex')}"`,
        'x-linked-size': file.length,
      })
      .end();
  });
  await Promise.all([storage, server].map(listen));

  const hub: TestHub = {
    endpoint: originOf(server),
    files: new Map(Object.entries(files)),
    requests: [],
    faults: [],
    refusal: null,
    ranges: true,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([storage, server].map(close));
    },
  };
  return hub;
}

/** Sends the bytes of a body from `offset` to `until`, then breaks the connection unless that is the end of the body. */
export function send(response: ServerResponse, body: Buffer, offset: number, until = body.length): void {
  response.writeHead(offset > 0 ? 206 : 200, {
    'content-length': body.length - offset,
    ...(offset > 0 && { 'content-range': `bytes ${offset}-${body.length - 1}/${body.length}` }),
  });
  const part = body.subarray(offset, until);
  if (until >= body.length) response.end(part);
  else response.write(part, () => setTimeout(() => response.destroy(), 20));
}

const originOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

const listen = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });

const close = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.closeAllConnections();
    server.close(() => resolve());
  });
