import { VideoService } from '@cinematica/protocol/v1';
import { createClient } from '@connectrpc/connect';
import type { Client } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-web';
import { fetchThroughProxy } from './proxy-refusal.ts';

/** The API that the app calls. */
export type Api = Client<typeof VideoService>;

/**
 * The API client for browsers: calls the gateway at the page's own origin; the gateway's cookie identifies the owner.
 *
 * It uses the binary format, because JSON makes photos and previews a third larger.
 */
export const api: Api = createClient(
  VideoService,
  createConnectTransport({ baseUrl: '/', useBinaryFormat: true, fetch: fetchThroughProxy }),
);
