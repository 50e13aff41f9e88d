import { createFairSemaphore } from '@cinematica/concurrency';
import { checkOutboundUrl, OutboundRefusedError } from '@cinematica/pipeline';
import type { OutboundRules } from '@cinematica/pipeline';
import {
  Code,
  createClient,
  openChannel,
  reasonOf,
  refuse,
  refuseFields,
  refuseUntil,
  RpcError,
} from '@cinematica/protocol';
import { OutboundService } from '@cinematica/protocol/outbound';
import { ErrorReason } from '@cinematica/protocol/v1';
import { tooLargeError } from './photo-refusals.ts';

/** Downloads photos from URLs of callers. The gateway itself never connects to them: the outbound service does. */
export interface RemoteImages {
  /**
   * Downloads a photo.
   * @param client whose photo it is: an address, or the owner of a key. Clients take turns.
   * @returns its bytes, which are as untrusted as those of an upload.
   * @throws RpcError INVALID_ARGUMENT when the URL is not allowed or the photo cannot be downloaded, FAILED_PRECONDITION when
   *   this is switched off, RESOURCE_EXHAUSTED when too many photos are being downloaded, UNAVAILABLE when the outbound service
   *   cannot be reached; PhotoError when the photo is too large; the signal's reason.
   */
  fetch(url: string, client: string, signal: AbortSignal): Promise<Uint8Array>;
}

/** Options for downloading photos. All of them are required. */
export interface RemoteImagesOptions {
  /** The address of the outbound service; undefined to refuse every URL. */
  readonly address: string | undefined;
  /** The token for its calls. */
  readonly token: string | undefined;
  /** Which URLs are allowed. */
  readonly rules: OutboundRules;
  /** The maximum size of a photo. Bytes. */
  readonly maxBytes: number;
}

/** Photos that are downloaded at the same time. Each is in memory as a whole. */
const MAX_FETCHES = 4;
/** Of one client, so that it does not keep all others waiting with addresses that answer slowly. */
const MAX_FETCHES_PER_CLIENT = 2;
/** Further photos wait. Their requests have no body in memory. */
const MAX_WAITING = 64;
/** How long a photo waits before it is refused. Milliseconds. */
const MAX_WAIT_MS = 30_000;
/** Longer than the outbound service takes at most, so that its own error arrives. Milliseconds. */
const TIMEOUT_MS = 60_000;

/** Opens a channel to the outbound service. It connects with the first photo. */
export function createRemoteImages(options: RemoteImagesOptions): RemoteImages & Disposable {
  const { address, token, rules, maxBytes } = options;
  if (address === undefined) {
    const disabled = () => Promise.reject(outboundDisabled('image_url', 'Upload the photo instead.'));
    return { fetch: disabled, [Symbol.dispose]: () => undefined };
  }
  const channel = openChannel(address, token === undefined ? {} : { token });
  const client = createClient(OutboundService, channel);
  const fetches = createFairSemaphore({
    permits: MAX_FETCHES,
    perClient: MAX_FETCHES_PER_CLIENT,
    maxWaiting: MAX_WAITING,
    maxWaitMs: MAX_WAIT_MS,
    refuse: () => refuseUntil(ErrorReason.SYSTEM_BUSY, 'Too many photos are being downloaded: try again soon.', 5_000),
  });

  async function download(url: string, signal: AbortSignal): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    let bytes = 0;
    try {
      for await (const { data } of client.fetchImage({ url, maxBytes }, { signal, timeoutMs: TIMEOUT_MS })) {
        bytes += data.length;
        if (bytes > maxBytes) throw tooLargeError(bytes, maxBytes);
        parts.push(data);
      }
    } catch (error) {
      signal.throwIfAborted();
      throw error instanceof RpcError ? refusalOf(error) : error;
    }
    return Buffer.concat(parts);
  }

  return {
    async fetch(text, client, signal) {
      const { href } = checkUrlField('image_url', text, rules);
      const release = await fetches.acquire(client, signal);
      try {
        return await download(href, signal);
      } finally {
        release();
      }
    },
    [Symbol.dispose]: () => channel.close(),
  };
}

/**
 * Checks a URL in a field of a request.
 * @throws RpcError INVALID_ARGUMENT that names the field.
 */
export function checkUrlField(field: string, text: string, rules: OutboundRules): URL {
  try {
    return checkOutboundUrl(text, rules);
  } catch (error) {
    if (error instanceof OutboundRefusedError) throw refuseFields([{ field, description: error.message }]);
    throw error;
  }
}

/**
 * The error for a field whose use the operator has switched off.
 * @param instead what the caller can do, as a sentence.
 */
export const outboundDisabled = (field: string, instead: string): RpcError =>
  refuse(
    Code.FAILED_PRECONDITION,
    ErrorReason.OUTBOUND_DISABLED,
    `${field} is switched off on this server. ${instead}`,
  );

/** The codes with which the outbound service refuses a URL or a photo. */
const REFUSALS: readonly Code[] = [Code.INVALID_ARGUMENT, Code.FAILED_PRECONDITION];

/**
 * The outbound service's refusal of a URL or a photo is for the caller. Its other errors are not: that it does not accept
 * the gateway's token, for example, says nothing about the caller's key.
 */
function refusalOf(error: RpcError): RpcError {
  if (REFUSALS.includes(error.code) && reasonOf(error) !== ErrorReason.UNSPECIFIED) return error;
  const message = 'The photo could not be downloaded right now: try again.';
  return refuse(Code.UNAVAILABLE, ErrorReason.UNAVAILABLE, message, [], { cause: error });
}
