import { createServer } from 'node:http';
import { constants, createServer as createHttp2Server } from 'node:http2';
import type { Http2Server, ServerHttp2Session } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { clientAddress } from '../callers/client-address.ts';
import { createConnections } from './connections.ts';
import type { Connection, ConnectionLimits } from './connections.ts';
import type { HttpHandler, Request, Response } from './http-handler.ts';
import { closeStreamAfterResponse, ClosingResponse } from './stop-reading.ts';

/** HTTP/1.1 and clear-text HTTP/2 on one port. */
export interface OnePort {
  /** @returns the port. @throws what `listen` does where it is taken */
  listen(port: number, host: string): Promise<number>;
  /** Connections at present. */
  readonly connections: number;
  /** Takes no more connections, lets calls end for so many milliseconds, and cuts the rest. */
  close(graceMs: number): Promise<void>;
}

/** Every connection of HTTP/2 begins with these, no request of HTTP/1 does (RFC 9113, 3.4). */
const PREFACE = Buffer.from('PRI * HTTP/2.0');

/** A client that has said nothing by then has nothing to say. Milliseconds. */
const FIRST_BYTES_MS = 10_000;
const HEADERS_MS = 10_000;
/** The longest upload, and some time to be answered. Milliseconds. */
const REQUEST_MS = 330_000;

/** A connection of HTTP/2 without calls. Milliseconds. */
const IDLE_MS = 120_000;
const STREAMS = 100;

export interface OnePortOptions extends ConnectionLimits {
  readonly onConnectionEnd?: (reason: 'evicted' | 'refused') => void;
}

/** Node's own two servers behind one port: a connection goes to the one that its first bytes ask for. */
export function createOnePort(handler: HttpHandler, options: OnePortOptions): OnePort {
  const connections = createConnections(options, options.onConnectionEnd);
  const ofSocket = new WeakMap<Socket, Connection>();
  const ofSession = new WeakMap<object, Connection>();

  function serve(request: Request, response: Response): void {
    const connection = 'stream' in request ? ofSession.get(request.stream.session ?? {}) : ofSocket.get(request.socket);
    const end = connection?.begin();
    if (end) response.once('close', end);
    if ('stream' in response) closeStreamAfterResponse(response);
    handler(request, response);
  }

  const http1 = createServer(
    {
      ServerResponse: ClosingResponse,
      headersTimeout: HEADERS_MS,
      requestTimeout: REQUEST_MS,
      keepAliveTimeout: 65_000,
      connectionsCheckingInterval: 5_000,
    },
    serve,
  );
  const http2 = createHttp2Server(
    { settings: { maxConcurrentStreams: STREAMS, initialWindowSize: 256 * 1024, maxHeaderListSize: 16 * 1024 } },
    serve,
  );
  const sessions = new Set<ServerHttp2Session>();
  followSessions(http2, sessions);
  const [takeHttp1] = http1.listeners('connection');
  http1.removeAllListeners('connection');
  http1.on('connection', (socket: Socket) => {
    const connection = connections.take(socket, clientAddress(socket.remoteAddress ?? '', null, 0));
    if (!connection) return;
    ofSocket.set(socket, connection);
    tellApart(socket, {
      http1() {
        takeHttp1?.call(http1, socket);
      },
      http2() {
        http2.once('session', (session) => {
          ofSession.set(session, connection);
          connection.onEvict = () => session.destroy();
        });
        // The session is made before this returns.
        http2.emit('connection', socket);
      },
    });
  });
  return {
    get connections() {
      return connections.open;
    },
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

/** Hands a connection on once its first bytes tell which protocol it speaks. */
function tellApart(socket: Socket, take: { readonly http1: () => void; readonly http2: () => void }): void {
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
    if (maybe) take.http2();
    else {
      take.http1();
      socket.resume();
    }
  };
  socket.on('data', look);
  socket.on('end', giveUp);
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
