import { DownloadError } from './download-error.ts';

/** The repository, and the access to it. */
export interface HubOptions {
  /** Address of the hub or of a mirror, such as `https://huggingface.co`. */
  readonly endpoint: string;
  readonly repository: string;
  readonly revision: string;
  /** Access token. It is sent only to the hub, not to the hosts that it redirects to. */
  readonly token?: string | undefined;
}

/** The size and digest of a file. */
export interface HubFile {
  /** Size in bytes. */
  readonly bytes: number;
  /** SHA-256 of a file in Git LFS; null for other files. */
  readonly sha256: string | null;
}

/** A repository on the Hugging Face hub. The methods throw {@link DownloadError}. */
export interface Hub {
  /** Requests the size and digest of a file. */
  describe(path: string, signal?: AbortSignal): Promise<HubFile>;
  /** Requests a file from byte `offset` on. The status is 206 (the rest), 200 (the whole file) or 416 (no bytes left). */
  open(path: string, offset: number, signal?: AbortSignal): Promise<Response>;
}

/**
 * Creates a client for one repository.
 *
 * @throws {@link DownloadError} when the endpoint or the token is invalid
 */
export function createHub({ endpoint, repository, revision, token }: HubOptions): Hub {
  if (!/^https?:$/.test(URL.parse(endpoint)?.protocol ?? '')) {
    throw new DownloadError(`HF_ENDPOINT must be an address such as https://huggingface.co, not ${endpoint}`);
  }
  if (token && !/^[\x21-\x7e]+$/.test(token)) throw new DownloadError('HF_TOKEN has invalid characters');
  const base = `${endpoint.replace(/\/+$/, '')}/${repository}`;
  const urlOf = (path: string): string => `${base}/resolve/${revision}/${path}`;
  // With compression, sizes and ranges would not be those of the file.
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
      throw new DownloadError(
        `cannot reach ${host} (${reasonOf(cause)}): check the connection, or set HF_ENDPOINT to a mirror of the hub`,
        { cause, transient: true },
      );
    }
    const { status } = response;
    if (status < 400 || status === 416) return response;
    await response.body?.cancel();
    if (status === 401 || status === 403) {
      const account = token
        ? 'the account of HF_TOKEN has no access'
        : 'set HF_TOKEN to an access token of an account with access';
      throw new DownloadError(`${base} is gated (${status}): accept the terms on that page; ${account}`);
    }
    if (status === 404) throw new DownloadError(`${url}: not found (404)`);
    throw new DownloadError(`${url}: the hub responded with ${status} ${response.statusText}`.trimEnd(), {
      transient: status >= 500 || status === 408 || status === 429,
    });
  }

  async function describe(path: string, signal?: AbortSignal): Promise<HubFile> {
    let url = urlOf(path);
    for (let hops = 0; hops < 5; hops++) {
      const response = await request(url, { method: 'HEAD', redirect: 'manual', signal: signal ?? null });
      const next = redirectOf(response);
      // Only the hub sends the digest, not the storage that it redirects to. Follow redirects within the hub.
      if (next?.origin === new URL(url).origin && !response.headers.has('x-linked-etag')) {
        url = next.href;
        continue;
      }
      const bytes = Number(response.headers.get('x-linked-size') ?? response.headers.get('content-length') ?? NaN);
      if (!Number.isSafeInteger(bytes) || bytes <= 0)
        throw new DownloadError(`${url}: the hub does not report the size`);
      const etag = response.headers.get('x-linked-etag') ?? response.headers.get('etag') ?? '';
      return { bytes, sha256: /^(?:W\/)?"?([0-9a-f]{64})"?$/.exec(etag)?.[1] ?? null };
    }
    throw new DownloadError(`${urlOf(path)}: too many redirects`);
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

/** The message of Node's fetch is only "fetch failed"; the reason is in the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  const code = cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
  return code ?? (cause instanceof Error ? cause.message : error.message);
}
