import type { VideoService } from '@cinematica/protocol/v1';
import type { Client } from '@connectrpc/connect';

/** The methods of the API, without retries. */
export type VideoRpc = Client<typeof VideoService>;
