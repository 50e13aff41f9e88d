import { createSemaphore } from '@cinematica/concurrency';
import { Code, refuse, refuseFields } from '@cinematica/protocol';
import type { RpcError, ServiceHandlers } from '@cinematica/protocol';
import type { OutboundService } from '@cinematica/protocol/outbound';
import { ErrorReason } from '@cinematica/protocol/v1';
import type { Config } from './config.ts';
import { fetchImage, FetchImageError } from './fetch-image.ts';
import { getTimestamp, TimestampError } from './get-timestamp.ts';
import type { GuardedHttp } from './http/guarded-http.ts';
import type { OutboundMetrics } from './metrics.ts';

/** Downloads at the same time. Further calls wait until their deadline. */
const MAX_DOWNLOADS = 16;

/** Time stamps that are asked for at the same time. Further calls wait until their deadline. */
const MAX_TIMESTAMPS = 8;

/** The gRPC service, for the gateway and the muxer. */
export function createOutboundService(
  http: GuardedHttp,
  config: Config,
  metrics: OutboundMetrics,
): ServiceHandlers<typeof OutboundService> {
  const downloads = createSemaphore(MAX_DOWNLOADS);
  const timestamps = createSemaphore(MAX_TIMESTAMPS);
  return {
    async *fetchImage({ url, maxBytes }, { signal }) {
      if (config.OUTBOUND === 'off') {
        const message = 'image_url is switched off on this server. Upload the photo instead.';
        throw refuse(Code.FAILED_PRECONDITION, ErrorReason.OUTBOUND_DISABLED, message);
      }
      const release = await downloads.acquire(signal);
      let outcome = 'cancelled';
      try {
        const options = { rules: config, maxBytes, timeoutMs: config.IMAGE_TIMEOUT_MS, signal };
        for await (const data of fetchImage(http, url, options)) yield { data };
        outcome = 'done';
      } catch (error) {
        if (!(error instanceof FetchImageError)) throw error;
        outcome = error.failure;
        throw refusalOf(error);
      } finally {
        release();
        metrics.images.inc({ outcome });
      }
    },
    async getTimestamp({ timestampRequest }, { signal }) {
      const { OUTBOUND, TIMESTAMP_URL: url, TIMESTAMP_TIMEOUT_MS: timeoutMs } = config;
      if (OUTBOUND === 'off' || url === undefined) {
        const message = OUTBOUND === 'off' ? 'OUTBOUND is off' : 'TIMESTAMP_URL is not set';
        throw refuse(Code.FAILED_PRECONDITION, ErrorReason.OUTBOUND_DISABLED, message);
      }
      const release = await timestamps.acquire(signal);
      let outcome = 'cancelled';
      try {
        const timestampResponse = await getTimestamp(timestampRequest, { url, timeoutMs, signal });
        outcome = 'done';
        return { timestampResponse };
      } catch (error) {
        if (!(error instanceof TimestampError)) throw error;
        outcome = 'failed';
        throw refuse(Code.UNAVAILABLE, ErrorReason.UNAVAILABLE, error.message, [], { cause: error });
      } finally {
        release();
        metrics.timestamps.inc({ outcome });
      }
    },
  };
}

function refusalOf({ failure, message }: FetchImageError): RpcError {
  switch (failure) {
    case 'refused':
      return refuseFields([{ field: 'image_url', description: message }]);
    case 'type':
      return refuse(Code.INVALID_ARGUMENT, ErrorReason.IMAGE_TYPE_UNSUPPORTED, message);
    case 'too-large':
      return refuse(Code.INVALID_ARGUMENT, ErrorReason.IMAGE_TOO_LARGE, message);
    case 'failed':
      return refuse(Code.INVALID_ARGUMENT, ErrorReason.IMAGE_NOT_FETCHED, message);
  }
}
