import { ProvenanceService } from '@cinematica/protocol/v1';
import { createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-web';
import { fetchThroughProxy } from '#lib/api/proxy-refusal.ts';

/** The API that checks files. It needs no account. */
export const provenance = createClient(
  ProvenanceService,
  createConnectTransport({ baseUrl: '/', useBinaryFormat: true, fetch: fetchThroughProxy }),
);
