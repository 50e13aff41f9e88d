import { FetchError } from './fetch-error.ts';

/** Where a repository's files are had, and as whom. */
export interface HubOptions {
  /** Origin (and path) of the hub, such as `https://huggingface.co` or a mirror. */
  readonly endpoint: string;
  readonly repository: string;
  readonly revision: string;
  /** An access token; sent to the hub alone, not to where it redirects. */
  readonly token?: string | undefined;
}

/** What the hub says of a file. */
export interface HubFile {
  readonly bytes: number;
  /** The digest of files in large-file storage, null for others. */
  readonly sha256: string | null;
}

/** One repository on a hub that speaks Hugging Face's protocol. Its methods throw {@link FetchError}. */
export interface Hub {
  describe(path: string, signal?: AbortSignal): Promise<HubFile>;
  /** The file from byte `offset` on: 206 with the rest, 200 with the whole, or 416 where there is nothing from there. */
  open(path: string, offset: number, signal?: AbortSignal): Promise<Response>;
}

/**
 * A client for one repository.
 *
 * @throws {@link FetchError} where the endpoint is no address, or the token none.
 */
export function createHub({ endpoint, repository, revision, token }: HubOptions): Hub {
  if (!/^https?:$/.test(URL.parse(endpoint)?.protocol ?? '')) {
    throw new FetchError(`HF_ENDPOINT has to be an address such as https://huggingface.co, not ${endpoint}`);
  }
  if (token && !/^[\x21-\x7e]+$/.test(token)) throw new FetchError('HF_TOKEN has characters in it that no token has');
  const base = `${endpoint.replace(/\/+$/, '')}/${repository}`;
  const urlOf = (path: string): string => `${base}/resolve/${revision}/${path}`;
  // Sizes and ranges are those of the file only where it is sent as it is.
  const headers: Record<string, string> = { 'accept-encoding': 'identity' };
  if (token) headers.authorization = `Bearer ${token}`;

  async function request(
    url: string,
    init: Omit<RequestInit, 'headers'>,
    extra: Record<string, string> = {},
  ): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(url, { ...init, headers: { ...headers, ...extra } });
    } catch (cause) {
      init.signal?.throwIfAborted();
      const { host } = new URL(url);
      throw new FetchError(
        `can't reach ${host} (${reasonOf(cause)}): check the connection, or set HF_ENDPOINT to a mirror of the hub`,
        { cause, transient: true },
      );
    }
    const { status } = response;
    if (status < 400 || status === 416) return response;
    await response.body?.cancel();
    if (status === 401 || status === 403) {
      const account = token
        ? 'the account of HF_TOKEN has not been given access'
        : 'set HF_TOKEN to an access token of an account that has been given access';
      throw new FetchError(`${base} is gated (${status}): accept its terms on that page; ${account}`);
    }
    if (status === 404) throw new FetchError(`${url}: not there (404)`);
    throw new FetchError(`${url}: the hub answers ${status} ${response.statusText}`.trimEnd(), {
      transient: status >= 500 || status === 408 || status === 429,
    });
  }

  async function describe(path: string, signal?: AbortSignal): Promise<HubFile> {
    let url = urlOf(path);
    for (let hops = 0; hops < 5; hops++) {
      const response = await request(url, { method: 'HEAD', redirect: 'manual', signal: signal ?? null });
      const next = redirectOf(response);
      // The digest is told by the hub itself, not by the storage it sends on to; a moved repository is still the hub.
      if (next?.origin === new URL(url).origin && !response.headers.has('x-linked-etag')) {
        url = next.href;
        continue;
      }
      const bytes = Number(response.headers.get('x-linked-size') ?? response.headers.get('content-length') ?? NaN);
      if (!Number.isSafeInteger(bytes) || bytes <= 0)
        throw new FetchError(`${url}: the hub does not say how large it is`);
      const etag = response.headers.get('x-linked-etag') ?? response.headers.get('etag') ?? '';
      return { bytes, sha256: /^(?:W\/)?"?([0-9a-f]{64})"?$/.exec(etag)?.[1] ?? null };
    }
    throw new FetchError(`${urlOf(path)}: the hub redirects without end`);
  }

  return {
    describe,
    open: (path, offset, signal) =>
      request(urlOf(path), { signal: signal ?? null }, offset > 0 ? { range: `bytes=${offset}-` } : {}),
  };
}

function redirectOf(response: Response): URL | null {
  const location = response.headers.get('location');
  return response.status >= 300 && location !== null ? URL.parse(location, response.url) : null;
}

/** Node's fetch says "fetch failed" and keeps the reason to itself. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  const code = cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
  return code ?? (cause instanceof Error ? cause.message : error.message);
}
