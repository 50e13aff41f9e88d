import { VideoService } from '@cinematica/protocol/v1';
import { createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-web';
import type { Api } from './client.ts';

/**
 * The gateway as a page that is rendered on the server calls it: at GATEWAY_URL, for a visitor who is nobody yet.
 *
 * @param visitor the request that is answered; the gateway counts its calls for the visitor's address, not for ours.
 * @throws Error where GATEWAY_URL is not set
 */
export function serverApi(visitor: Request): Api {
  const baseUrl = process.env.GATEWAY_URL;
  if (baseUrl === undefined) throw new Error('GATEWAY_URL is not set: give the address that the gateway listens at.');
  const forwarded = visitor.headers.get('x-forwarded-for');
  return createClient(
    VideoService,
    createConnectTransport({
      baseUrl,
      interceptors: [
        (next) => (request) => {
          if (forwarded !== null) request.header.set('x-forwarded-for', forwarded);
          return next(request);
        },
      ],
    }),
  );
}
