import { createClient } from '@connectrpc/connect';
import type { Client, Interceptor } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { VideoService } from '@cinematica/protocol/v1';

export type VideoClient = Client<typeof VideoService>;

/**
 * Creates a client that uses Connect over HTTP/1.1, which every proxy passes on.
 *
 * @param key the API key; without one, the caller is identified by a cookie until this process ends
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
  // No default timeout, because WatchVideo has no fixed length. Other calls set their own.
  return createClient(
    VideoService,
    createConnectTransport({ baseUrl: url, httpVersion: '1.1', interceptors: [identify] }),
  );
}
