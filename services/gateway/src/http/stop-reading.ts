import { ServerResponse } from 'node:http';
import type { IncomingMessage, OutgoingHttpHeader, OutgoingHttpHeaders } from 'node:http';
import { constants } from 'node:http2';
import type { Http2ServerResponse } from 'node:http2';

/** How long an HTTP/1.1 client has to read the response before its connection is closed. Milliseconds. */
const LINGER_MS = 1_000;
/** How long the last frames of an HTTP/2 response may take to reach the socket's buffer. Milliseconds. */
const FLUSH_MS = 50;

/**
 * An HTTP/1.1 response that ends the connection when the request has not been received completely. Node would read the
 * rest of a refused upload to reuse the connection. With `connection: close`, Node would close the socket immediately, and
 * a client whose connection is closed with unread data loses the response.
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

/** Does the same for an HTTP/2 stream: NO_ERROR asks the client to stop sending, and it keeps the response (RFC 9113, 8.1). */
export function closeStreamAfterResponse({ stream }: Http2ServerResponse): void {
  stream.once('finish', () => {
    if (stream.readableEnded || stream.endAfterHeaders) return;
    setTimeout(() => {
      if (!stream.closed) stream.close(constants.NGHTTP2_NO_ERROR);
    }, FLUSH_MS).unref();
  });
}
