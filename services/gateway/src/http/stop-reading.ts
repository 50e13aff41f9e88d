import { ServerResponse } from 'node:http';
import type { IncomingMessage, OutgoingHttpHeader, OutgoingHttpHeaders } from 'node:http';
import { constants } from 'node:http2';
import type { Http2ServerResponse } from 'node:http2';

/** How long a client of HTTP/1.1 has to read the response before its connection is cut. Milliseconds. */
const LINGER_MS = 1_000;
/** How long the last frames of a response may take into the socket's buffer. Milliseconds. */
const FLUSH_MS = 50;

/**
 * A response of HTTP/1.1 that ends the connection where the request has not been received in full. Node would read the
 * rest of a refused upload, however long, to keep the connection. It would also close at once after `connection: close`,
 * and a connection that is closed with unread data loses the response.
 */
export class ClosingResponse<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request> {
  override writeHead(
    statusCode: number,
    statusMessage?: string | OutgoingHttpHeaders | OutgoingHttpHeader[],
    headers?: OutgoingHttpHeaders | OutgoingHttpHeader[],
  ): this {
    if (!this.req.complete && !this.headersSent) {
      this.setHeader('connection', 'close');
      const { socket } = this.req;
      socket.destroySoon = () => {
        socket.pause();
        socket.end();
        setTimeout(() => socket.destroy(), LINGER_MS).unref();
      };
    }
    return typeof statusMessage === 'string'
      ? super.writeHead(statusCode, statusMessage, headers)
      : super.writeHead(statusCode, statusMessage);
  }
}

/** The same for a stream of HTTP/2: the client is asked to send no more, and keeps the response (RFC 9113, 8.1). */
export function closeStreamAfterResponse({ stream }: Http2ServerResponse): void {
  stream.once('finish', () => {
    if (stream.readableEnded || stream.endAfterHeaders) return;
    setTimeout(() => {
      if (!stream.closed) stream.close(constants.NGHTTP2_NO_ERROR);
    }, FLUSH_MS).unref();
  });
}
