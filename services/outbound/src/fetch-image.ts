import { checkOutboundUrl, OutboundRefusedError } from '@cinematica/pipeline';
import type { OutboundRules } from '@cinematica/pipeline';
import type { IncomingMessage } from 'node:http';
import { describeFailure } from './http/describe-failure.ts';
import type { GuardedHttp } from './http/guarded-http.ts';
import { USER_AGENT } from './http/user-agent.ts';

/** Why a photo was not downloaded. */
export type FetchFailure = 'refused' | 'failed' | 'type' | 'too-large';

/** A photo cannot be downloaded. The message is for the person who sent the URL. */
export class FetchImageError extends Error {
  override readonly name = 'FetchImageError';
  readonly failure: FetchFailure;

  constructor(failure: FetchFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.failure = failure;
  }
}

/** The limits of a download. All of them are required. */
export interface FetchImageOptions {
  readonly rules: OutboundRules;
  /** Maximum size of the photo. Bytes. */
  readonly maxBytes: number;
  /** Time limit of the whole download, including redirects. Milliseconds. */
  readonly timeoutMs: number;
  /** Ends the download. */
  readonly signal: AbortSignal;
}

const MAX_REDIRECTS = 3;
const REDIRECTS = [301, 302, 303, 307, 308];
/** Storage services use these types for files whose type they do not know. The photo is decoded anyway. */
const BINARY = ['application/octet-stream', 'binary/octet-stream'];

/**
 * Downloads a photo. Redirects are followed, and each of their URLs is checked and resolved like the first one.
 * @returns the parts of the photo, as they arrive.
 * @throws FetchImageError; the signal's reason.
 */
export async function* fetchImage(
  http: GuardedHttp,
  text: string,
  { rules, maxBytes, timeoutMs, signal }: FetchImageOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const deadline = AbortSignal.timeout(timeoutMs);
  const either = AbortSignal.any([signal, deadline]);
  try {
    const response = await open(http, text, rules, either);
    try {
      checkHead(response, maxBytes);
      let bytes = 0;
      for await (const part of response as AsyncIterable<Buffer>) {
        bytes += part.length;
        if (bytes > maxBytes) throw tooLarge(maxBytes);
        yield part;
      }
    } finally {
      response.destroy();
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof FetchImageError) throw error;
    if (error instanceof OutboundRefusedError) throw new FetchImageError('refused', error.message, { cause: error });
    const reason = deadline.aborted
      ? `the server did not send it within ${Math.round(timeoutMs / 1000)} s`
      : describeFailure(error);
    throw notFetched(reason, error);
  }
}

/** Requests a URL, and those that it redirects to. */
async function open(
  http: GuardedHttp,
  text: string,
  rules: OutboundRules,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  let url = checkOutboundUrl(text, rules);
  const headers = { accept: 'image/*', 'user-agent': USER_AGENT };
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const response = await http.request(url, { method: 'GET', headers, signal });
    const { statusCode = 0, headers: answer } = response;
    if (!REDIRECTS.includes(statusCode)) return response;
    response.destroy();
    const next = answer.location === undefined ? null : URL.parse(answer.location, url.href);
    if (!next) throw notFetched('the server redirects to an invalid URL');
    url = checkRedirect(next, rules);
  }
  throw notFetched(`the server redirects more than ${MAX_REDIRECTS} times`);
}

function checkRedirect({ href }: URL, rules: OutboundRules): URL {
  try {
    return checkOutboundUrl(href, rules);
  } catch (cause) {
    if (!(cause instanceof OutboundRefusedError)) throw cause;
    throw new FetchImageError('refused', `redirects to a URL that ${cause.message}`, { cause });
  }
}

function checkHead({ statusCode, headers }: IncomingMessage, maxBytes: number): void {
  if (statusCode !== 200) throw notFetched(`the server answered with the status ${statusCode ?? 0}`);
  const type = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (!type.startsWith('image/') && !BINARY.includes(type)) {
    throw new FetchImageError(
      'type',
      'The server at image_url does not send an image: its Content-Type must be image/….',
    );
  }
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity') throw notFetched('the server compresses the photo although this was not asked for');
  if (Number(headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
}

const notFetched = (reason: string, cause?: unknown) =>
  new FetchImageError('failed', `The photo could not be downloaded from image_url: ${reason}.`, { cause });

const tooLarge = (maxBytes: number) =>
  new FetchImageError(
    'too-large',
    `The photo at image_url has more than ${maxBytes / 1_000_000} MB, which is the most that is accepted.`,
  );
