import { createClient } from '@connectrpc/connect';
import type { Client, Interceptor } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { VideoService } from '@cinematica/protocol/v1';

export type VideoClient = Client<typeof VideoService>;

/**
 * Calls a system. Over Connect and HTTP/1.1, which passes through whatever stands in between.
 *
 * @param key what the system knows the caller by; without one, it is known by a cookie for as long as this process lives
 */
export function createVideoClient(url: string, key: string | undefined): VideoClient {
  let cookie: string | undefined;
  const identify: Interceptor = (next) => async (request) => {
    if (key !== undefined) request.header.set('authorization', `Bearer ${key}`);
    else if (cookie !== undefined) request.header.set('cookie', cookie);
    const response = await next(request);
    cookie = response.header.get('set-cookie')?.split(';', 1)[0] ?? cookie;
    return response;
  };
  // Watching has no end of its own: calls that have say so themselves.
  return createClient(
    VideoService,
    createConnectTransport({ baseUrl: url, httpVersion: '1.1', interceptors: [identify] }),
  );
}
