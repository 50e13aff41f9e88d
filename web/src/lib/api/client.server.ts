import { VideoService } from '@cinematica/protocol/v1';
import { createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-web';
import type { Api } from './client.ts';

/**
 * An API client for pages that are rendered on the server. It calls the gateway at GATEWAY_URL, without an owner.
 *
 * @param request the visitor's request; the gateway applies its rate limits to the visitor's address instead of this server's.
 * @throws Error if GATEWAY_URL is not set
 */
export function serverApi(request: Request): Api {
  const baseUrl = process.env.GATEWAY_URL;
  if (baseUrl === undefined) throw new Error('GATEWAY_URL is not set: set it to the address of the gateway.');
  const forwardedFor = request.headers.get('x-forwarded-for');
  return createClient(
    VideoService,
    createConnectTransport({
      baseUrl,
      interceptors: [
        (next) => (call) => {
          if (forwardedFor !== null) call.header.set('x-forwarded-for', forwardedFor);
          return next(call);
        },
      ],
    }),
  );
}
