import { createServer, request } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { seededRandom } from './seeded-random.ts';

/** How often each fault happens, as a share of all requests. */
export interface FaultShares {
  /** The request waits, up to `slowMs`. */
  readonly slow?: number;
  /** It is answered with 503 SlowDown. */
  readonly busy?: number;
  /** The connection is cut, before the server gets the request or in the middle of its answer. */
  readonly cut?: number;
  /** A write is answered as done, but the server never gets it. */
  readonly lost?: number;
}

/** A proxy in front of an S3 server that behaves as bad networks and stores do. */
export interface FaultyProxy extends AsyncDisposable {
  readonly url: string;
  /** The faults from now on. */
  faults: FaultShares;
  /** How many of each there were. */
  readonly counts: Record<keyof FaultShares, number>;
  /** Every request that arrived: method and path. */
  readonly requests: string[];
}

const BUSY =
  '<?xml version="1.0"?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>';

/** @param port of the server behind it, on this machine. The `Host` of requests is kept, because it is signed. */
export async function startFaultyProxy(port: number, { slowMs = 300, seed = 1 } = {}): Promise<FaultyProxy> {
  const random = seededRandom(seed);
  const counts = { slow: 0, busy: 0, cut: 0, lost: 0 };
  const requests: string[] = [];
  const happens = (fault: keyof FaultShares, possible = true): boolean => {
    if (!possible || random() >= (proxy.faults[fault] ?? 0)) return false;
    counts[fault]++;
    return true;
  };

  async function serve(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const { method, url } = incoming;
    requests.push(`${method} ${url}`);
    if (happens('slow')) await delay(random() * slowMs);
    if (happens('busy')) {
      incoming.resume();
      answer.writeHead(503, { 'content-type': 'application/xml' }).end(BUSY);
      return;
    }
    if (happens('lost', method === 'PUT')) {
      await once(incoming.resume(), 'end');
      answer.writeHead(200, { etag: '"00000000000000000000000000000000"' }).end();
      return;
    }
    const cut = happens('cut');
    if (cut && random() < 0.5) {
      incoming.socket.destroy();
      return;
    }
    const outgoing = request({ port, host: '127.0.0.1', method, path: url, headers: incoming.headers, agent: false });
    const fail = () => void incoming.socket.destroy();
    outgoing.once('error', fail);
    incoming.pipe(outgoing);
    outgoing.once('response', (response) => {
      response.once('error', fail);
      if (!cut) {
        answer.writeHead(response.statusCode ?? 502, response.headers);
        response.pipe(answer);
      } else if (method === 'HEAD' || !Number(response.headers['content-length'])) {
        fail();
      } else {
        answer.writeHead(response.statusCode ?? 502, response.headers);
        response.once('data', (part: Buffer) => {
          answer.write(part.subarray(0, part.length / 2));
          setImmediate(fail);
        });
      }
    });
  }

  const server = createServer((incoming, answer) => {
    incoming.once('error', () => undefined);
    serve(incoming, answer).catch(() => incoming.socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy: FaultyProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    faults: {},
    counts,
    requests,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  return proxy;
}
