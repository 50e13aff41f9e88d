import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { constants, createServer as createHttp2Server } from 'node:http2';
import type { Http2Server, ServerHttp2Session } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { HttpHandler } from './http-handler.ts';

/** HTTP/1.1 and clear-text HTTP/2 on one port. */
export interface OnePort {
  /** @returns the port. @throws what `listen` does where it is taken */
  listen(port: number, host: string): Promise<number>;
  /** Takes no more connections, lets calls end for so many milliseconds, and cuts the rest. */
  close(graceMs: number): Promise<void>;
}

/** Every connection of HTTP/2 begins with these, no request of HTTP/1 does (RFC 9113, 3.4). */
const PREFACE = Buffer.from('PRI * HTTP/2.0');

/** A client that has said nothing by then has nothing to say. Milliseconds. */
const FIRST_BYTES_MS = 10_000;
const HEADERS_MS = 10_000;
/** A photo of 12 MB at 40 kB/s. Milliseconds. */
const REQUEST_MS = 300_000;
/** A request that is not whole has to come at this pace at least: bytes in each ten seconds. */
const LEAST_BYTES = 20_000;
const PACE_MS = 10_000;
/** A connection of HTTP/2 without calls. Milliseconds. */
const IDLE_MS = 120_000;
const STREAMS = 100;

/**
 * Node's own two servers behind one port: a connection goes to the one that its first bytes ask for.
 *
 * @param maxConnections further ones are closed at once.
 */
export function createOnePort(handler: HttpHandler, maxConnections: number): OnePort {
  const http1 = createServer(
    {
      headersTimeout: HEADERS_MS,
      requestTimeout: REQUEST_MS,
      keepAliveTimeout: 65_000,
      connectionsCheckingInterval: 5_000,
    },
    (request, response) => {
      keepPace(request);
      handler(request, response);
    },
  );
  http1.maxConnections = maxConnections;
  const sessions = new Set<ServerHttp2Session>();
  const http2 = createHttp2Server(
    { settings: { maxConcurrentStreams: STREAMS, initialWindowSize: 256 * 1024, maxHeaderListSize: 16 * 1024 } },
    (request, response) => {
      keepPace(request);
      handler(request, response);
    },
  );
  followSessions(http2, sessions);
  tellApart(http1, http2);

  return {
    listen: (port, host) =>
      new Promise((resolve, reject) => {
        http1.once('error', reject);
        http1.listen(port, host, () => {
          http1.off('error', reject);
          resolve((http1.address() as AddressInfo).port);
        });
      }),
    async close(graceMs) {
      const closed = new Promise<void>((resolve) => http1.close(() => resolve()));
      http1.closeIdleConnections();
      for (const session of sessions) session.close();
      const cut = setTimeout(() => {
        for (const session of sessions) session.destroy();
        http1.closeAllConnections();
      }, graceMs);
      await closed;
      clearTimeout(cut);
    },
  };
}

function tellApart(http1: Server, http2: Http2Server): void {
  const [takeHttp1] = http1.listeners('connection');
  http1.removeAllListeners('connection');
  http1.on('connection', (socket: Socket) => {
    socket.setNoDelay(true);
    // Whoever takes it listens, too; until then, and for what comes after, nobody else does.
    socket.on('error', () => socket.destroy());
    socket.setTimeout(FIRST_BYTES_MS, () => socket.destroy());
    let head = Buffer.alloc(0);
    const giveUp = (): void => void socket.destroy();
    const look = (bytes: Buffer): void => {
      head = Buffer.concat([head, bytes]);
      const compared = Math.min(head.length, PREFACE.length);
      const maybe = head.subarray(0, compared).equals(PREFACE.subarray(0, compared));
      if (maybe && compared < PREFACE.length) return;
      socket.off('data', look);
      socket.off('end', giveUp);
      socket.pause();
      socket.setTimeout(0);
      socket.removeAllListeners('timeout');
      socket.unshift(head);
      if (maybe) http2.emit('connection', socket);
      else {
        takeHttp1?.call(http1, socket);
        socket.resume();
      }
    };
    socket.on('data', look);
    socket.on('end', giveUp);
  });
}

function followSessions(http2: Http2Server, sessions: Set<ServerHttp2Session>): void {
  http2.on('session', (session) => {
    let open = 0;
    sessions.add(session);
    session.setLocalWindowSize(1024 * 1024);
    session.on('close', () => sessions.delete(session));
    session.on('error', () => session.destroy());
    session.on('stream', (stream) => {
      open++;
      stream.on('error', () => stream.close(constants.NGHTTP2_INTERNAL_ERROR));
      stream.on('close', () => open--);
    });
    // A call that waits for something to happen is no idle connection; a peer that has vanished answers no ping.
    session.setTimeout(IDLE_MS, () => {
      if (open === 0) session.close();
      else session.ping(() => undefined);
    });
  });
}

/** Cuts a request whose body trickles: it would hold memory and a place for as long as its sender likes. */
function keepPace(request: Parameters<HttpHandler>[0]): void {
  const { socket } = request;
  // Reflection's callers ask one question after the other.
  if (request.complete || request.url?.startsWith('/grpc.') === true) return;
  let before = socket.bytesRead;
  const timer = setInterval(() => {
    const now = socket.bytesRead;
    if (request.complete || request.destroyed) clearInterval(timer);
    // Nobody reads it yet: the sender can't go on.
    else if (request.readableFlowing === null) before = now;
    else if (now - before < LEAST_BYTES) {
      clearInterval(timer);
      request.destroy();
    } else before = now;
  }, PACE_MS);
  request.once('close', () => clearInterval(timer));
  request.once('end', () => clearInterval(timer));
}
