import { createServer } from 'node:http';
import { constants, createServer as createHttp2Server } from 'node:http2';
import type { Http2Server, ServerHttp2Session } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { clientAddress } from '../callers/client-address.ts';
import { createConnections } from './connections.ts';
import type { Connection, ConnectionLimits } from './connections.ts';
import type { HttpHandler, Request, Response } from './http-handler.ts';
import { createCallQueue } from './call-queue.ts';
import { closeStreamAfterResponse, ClosingResponse } from './stop-reading.ts';

/** A server of HTTP/1.1 and clear-text HTTP/2 (h2c) on one port. */
export interface HttpServer {
  /**
   * Opens the port.
   * @param port 0 for any free port.
   * @returns the port.
   * @throws Error that names HTTP_PORT when the port cannot be opened.
   */
  listen(port: number, host: string): Promise<number>;
  /** The number of open connections. */
  readonly connections: number;
  /** Accepts no more connections, waits up to `graceMs` milliseconds for running calls, and closes the rest. */
  close(graceMs: number): Promise<void>;
}

/** Every HTTP/2 connection starts with these bytes, and no HTTP/1 request does (RFC 9113, section 3.4). */
const PREFACE = Buffer.from('PRI * HTTP/2.0');

/** How long a new connection may take to send the bytes that identify its protocol. Milliseconds. */
const FIRST_BYTES_MS = 10_000;
/** How long the headers of an HTTP/1.1 request may take. Milliseconds. */
const HEADERS_MS = 10_000;
/** The time limit of an HTTP/1.1 request: the longest upload takes 300 seconds. Milliseconds. */
const REQUEST_MS = 330_000;

/** An HTTP/2 connection without calls is closed after this time. Milliseconds. */
const IDLE_MS = 120_000;
/** The most concurrent calls of an HTTP/2 connection. */
const MAX_STREAMS = 100;
/**
 * How many calls of an HTTP/2 connection may be cancelled at once, and in a second, before it is closed. A cancelled call takes time
 * although it is not started, and Node's own limit is 1,000. Behind a proxy Node's limit holds: one of its connections serves many
 * clients.
 */
const RESETS = { streamResetBurst: MAX_STREAMS, streamResetRate: MAX_STREAMS };

/** The most calls of an HTTP/1.1 connection that wait for their answers. Browsers send one after the other. */
const MAX_PIPELINED = 100;

/** The limits of connections, and a listener. */
export interface HttpServerOptions extends ConnectionLimits {
  /** Called when a connection is closed at a limit. Not called by default. */
  readonly onConnectionEnd?: (reason: 'evicted' | 'refused') => void;
}

/** Creates a server that passes each connection to Node's HTTP/1.1 or HTTP/2 server, depending on its first bytes. */
export function createHttpServer(handler: HttpHandler, options: HttpServerOptions): HttpServer {
  const connections = createConnections(options, options.onConnectionEnd);
  const ofSocket = new WeakMap<Socket, Connection>();
  const ofSession = new WeakMap<object, Connection>();
  const startInTurn = createCallQueue();

  function serve(request: Request, response: Response): void {
    // When a client leaves, Node emits an error for each of its requests, also for those whose handler has stopped listening.
    // Without a listener, such an error ends the process.
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    const connection = 'stream' in request ? ofSession.get(request.stream.session ?? {}) : ofSocket.get(request.socket);
    const end = connection?.begin();
    if (end) response.once('close', end);
    if (!('stream' in request) && connection && connection.calls > MAX_PIPELINED) request.socket.destroy();
    startInTurn(connection?.client, {
      isCancelled: () =>
        'stream' in request ? request.stream.destroyed || request.stream.aborted : request.socket.destroyed,
      start() {
        if ('stream' in response) closeStreamAfterResponse(response);
        handler(request, response);
      },
    });
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
    {
      settings: { maxConcurrentStreams: MAX_STREAMS, initialWindowSize: 256 * 1024, maxHeaderListSize: 16 * 1024 },
      ...(options.maxPerAddress === null ? {} : RESETS),
    },
    serve,
  );
  const sessions = new Set<ServerHttp2Session>();
  trackSessions(http2, sessions);
  const [takeHttp1] = http1.listeners('connection');
  http1.removeAllListeners('connection');
  http1.on('connection', (socket: Socket) => {
    const connection = connections.take(socket, clientAddress(socket.remoteAddress ?? '', null, 0));
    if (!connection) return;
    ofSocket.set(socket, connection);
    detectProtocol(socket, {
      http1() {
        takeHttp1?.call(http1, socket);
      },
      http2() {
        http2.once('session', (session) => {
          ofSession.set(session, connection);
          connection.onEvict = () => session.destroy();
        });
        // The session is created synchronously.
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
        const fail = (cause: Error) =>
          reject(new Error(`HTTP_PORT=${port}: cannot listen on ${host}: ${cause.message}`, { cause }));
        http1.once('error', fail);
        http1.listen(port, host, () => {
          http1.off('error', fail);
          resolve((http1.address() as AddressInfo).port);
        });
      }),
    async close(graceMs) {
      const closed = new Promise<void>((resolve) => http1.close(() => resolve()));
      http1.closeIdleConnections();
      for (const session of sessions) session.close();
      const timer = setTimeout(() => {
        for (const session of sessions) session.destroy();
        http1.closeAllConnections();
      }, graceMs);
      await closed;
      clearTimeout(timer);
    },
  };
}

/** Waits for the first bytes of a connection, and passes it to the server of its protocol. */
function detectProtocol(socket: Socket, take: { readonly http1: () => void; readonly http2: () => void }): void {
  socket.setNoDelay(true);
  // The servers add their own listeners later, and may remove them before the socket is closed.
  socket.on('error', () => socket.destroy());
  socket.setTimeout(FIRST_BYTES_MS, () => socket.destroy());
  let head = Buffer.alloc(0);
  const destroy = (): void => void socket.destroy();
  const inspect = (bytes: Buffer): void => {
    head = Buffer.concat([head, bytes]);
    const compared = Math.min(head.length, PREFACE.length);
    const isHttp2 = head.subarray(0, compared).equals(PREFACE.subarray(0, compared));
    if (isHttp2 && compared < PREFACE.length) return;
    socket.off('data', inspect);
    socket.off('end', destroy);
    socket.pause();
    socket.setTimeout(0);
    socket.removeAllListeners('timeout');
    socket.unshift(head);
    if (isHttp2) take.http2();
    else {
      take.http1();
      socket.resume();
    }
  };
  socket.on('data', inspect);
  socket.on('end', destroy);
}

/** Keeps the set of open sessions, and closes idle ones. */
function trackSessions(http2: Http2Server, sessions: Set<ServerHttp2Session>): void {
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
    // A session with a waiting call is not idle. The ping detects a peer that has disappeared.
    session.setTimeout(IDLE_MS, () => {
      if (open === 0) session.close();
      else session.ping(() => undefined);
    });
  });
}
