import { VideoService } from '@cinematica/protocol/v1';
import { createClient } from '@connectrpc/connect';
import type { Client } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-web';

/** The API as the app calls it. */
export type Api = Client<typeof VideoService>;

/**
 * The gateway, at the address that the page is from; whose videos are meant, its cookie says. For browsers only.
 *
 * In binary: as JSON a photo is a third larger, and every preview too.
 */
export const api: Api = createClient(VideoService, createConnectTransport({ baseUrl: '/', useBinaryFormat: true }));
