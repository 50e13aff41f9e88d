import type { MessageInitShape } from '@bufbuild/protobuf';
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import type { Interceptor, Transport } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-web';
import { VideoService } from '@cinematica/protocol/v1';
import type {
  Capabilities,
  CreateVideoRequestSchema,
  Media,
  MediaKind,
  Video,
  VideoSettingsSchema,
} from '@cinematica/protocol/v1';
import type { Status } from '@cinematica/protocol/error-details';
import { downloadMedia } from './download.ts';
import { CinematicaError } from './errors.ts';
import { retryUntilReachable } from './reconnect.ts';
import type { Endpoint } from './reconnect.ts';
import type { VideoRpc } from './video-rpc.ts';
import { waitForRoom } from './wait-for-room.ts';
import { requireDone, watchVideo } from './watch.ts';
import type { VideoUpdate } from './watch.ts';

/** Timeout of short calls. Milliseconds. */
const CALL_TIMEOUT_MS = 10_000;
/** Timeout of an upload. Milliseconds. */
const UPLOAD_TIMEOUT_MS = 120_000;

/** Options of {@link createCinematica}. */
export interface ClientOptions {
  /** The URL of the system. Default in browsers: that of the page. */
  readonly baseUrl?: string;
  /** Default: a cookie identifies the caller, in Node until the process ends. */
  readonly apiKey?: string | undefined;
  /** How calls are sent. Default: Connect over `fetch`, which works in browsers and in Node. */
  readonly transport?: Transport;
  /** How long an unreachable system is retried. Milliseconds. Default: one minute. */
  readonly giveUpMs?: number;
  /** Asked when the system did not answer: false ends all retries at once. Default: it may answer again. */
  readonly isAlive?: () => Promise<boolean>;
}

/** A photo to upload, or the name of a video whose photo or last frame is used. */
export type Source = Blob | Uint8Array | ArrayBuffer | { readonly video: string } | { readonly continueFrom: string };

/** The settings of a video. Those that are left out have the defaults of the model. */
export type Settings = Exclude<MessageInitShape<typeof VideoSettingsSchema>, { readonly $typeName: string }>;

/** Options of calls. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Options of {@link Cinematica.create}. */
export interface CreateOptions extends CallOptions {
  readonly settings?: Settings;
  /** A UUID. A second call with the same id and the same request returns the same video. Default: a random one. */
  readonly requestId?: string;
  /**
   * Waits while a limit is reached, such as that of unfinished videos, and calls this before each wait. Default: such a limit
   * is an error.
   */
  readonly onFull?: (refusal: CinematicaError) => void;
}

/** A client of a Cinemática system. Errors of the system are {@link CinematicaError}s. */
export interface Cinematica {
  /** All methods of the API, without retries; they throw `ConnectError`. */
  readonly rpc: VideoRpc;
  /** The models, limits, presets and defaults of the system. */
  capabilities(options?: CallOptions): Promise<Capabilities>;
  /** Uploads a photo. Resolves when the video is accepted, without waiting for it to be made. It retries safely. */
  create(source: Source, options?: CreateOptions): Promise<Video>;
  /** Uploads several photos in one call. @returns for each, in their order, the video or the error */
  createBatch(
    sources: readonly { readonly source: Source; readonly settings?: Settings }[],
    options?: CallOptions,
  ): Promise<(Video | CinematicaError)[]>;
  /** What happens to a video until its state is final. Lost connections are continued without losing an event. */
  watch(video: Video | string, options?: CallOptions): AsyncGenerator<VideoUpdate, void, undefined>;
  /** Waits until a video is done. @throws VideoEndedError when it failed or was cancelled */
  wait(
    video: Video | string,
    options?: CallOptions & { readonly onUpdate?: (update: VideoUpdate) => void },
  ): Promise<Video>;
  /** Downloads a file in pieces, and continues after broken connections. @returns the file's entry */
  stream(video: Video | string, kind: MediaKind, options?: CallOptions): AsyncGenerator<Uint8Array, Media, undefined>;
  /** Downloads a file into memory. */
  download(video: Video | string, kind: MediaKind, options?: CallOptions): Promise<Blob>;
  cancel(video: Video | string, options?: CallOptions): Promise<Video>;
}

/** Creates a client. It opens no connection until the first call. */
export function createCinematica(options: ClientOptions = {}): Cinematica {
  const { baseUrl = defaultUrl(), giveUpMs = 60_000, isAlive = () => Promise.resolve(true) } = options;
  const endpoint: Endpoint = { url: baseUrl, giveUpMs, isAlive };
  const transport =
    options.transport ??
    createConnectTransport({ baseUrl, useBinaryFormat: true, interceptors: [identify(options.apiKey)] });
  const rpc = createClient(VideoService, transport);

  /** Repeats a short call that changes nothing, or that may be repeated. */
  const repeat = <T>(call: (signal: AbortSignal) => Promise<T>, signal: AbortSignal | undefined): Promise<T> =>
    typed(retryUntilReachable((attempt) => call(attempt.signal), endpoint, signal));

  async function get(name: string, signal: AbortSignal | undefined): Promise<Video> {
    const { video } = await repeat(
      (within) => rpc.getVideo({ name }, { signal: within, timeoutMs: CALL_TIMEOUT_MS }),
      signal,
    );
    return present(video);
  }

  async function* watch(video: Video | string, { signal }: CallOptions = {}) {
    const start = typeof video === 'string' ? { name: video, sequence: 0n } : video;
    try {
      yield* watchVideo(rpc, start, endpoint, signal);
    } catch (error) {
      throw CinematicaError.from(error);
    }
  }

  async function* stream(video: Video | string, kind: MediaKind, { signal }: CallOptions = {}) {
    const find = async (): Promise<Media> => {
      const { media, name } = await get(nameOf(video), signal);
      const found = media.find((each) => each.kind === kind);
      if (!found) throw new TypeError(`${name} has no file of the kind ${kind}`);
      return found;
    };
    try {
      return yield* downloadMedia(find, endpoint, signal);
    } catch (error) {
      throw CinematicaError.from(error);
    }
  }

  return {
    rpc,
    watch,
    stream,
    async capabilities({ signal } = {}) {
      const call = (within: AbortSignal) => rpc.getCapabilities({}, { signal: within, timeoutMs: CALL_TIMEOUT_MS });
      return present((await repeat(call, signal)).capabilities);
    },
    async create(source, { settings, requestId = crypto.randomUUID(), onFull, signal } = {}) {
      const request = { ...(await requestOf(source, settings)), requestId };
      // Without the signal: an aborted request may still create a video, which could then not be cancelled.
      const send = () => repeat(() => rpc.createVideo(request, { timeoutMs: UPLOAD_TIMEOUT_MS }), signal);
      const { video } = await (onFull ? waitForRoom(send, onFull, signal) : send());
      return present(video);
    },
    async createBatch(sources, { signal } = {}) {
      const requests = await Promise.all(
        sources.map(async ({ source, settings }) => ({
          ...(await requestOf(source, settings)),
          requestId: crypto.randomUUID(),
        })),
      );
      const send = () => rpc.batchCreateVideos({ requests }, { timeoutMs: UPLOAD_TIMEOUT_MS });
      const { results } = await repeat(send, signal);
      return results.map(({ result }) => (result.case === 'video' ? result.value : failureOf(result.value)));
    },
    async wait(video, { onUpdate, signal } = {}) {
      let last: Video | undefined;
      for await (const update of watch(video, { signal })) {
        onUpdate?.(update);
        if (update.kind === 'video') last = update.video;
      }
      return requireDone(present(last));
    },
    async download(video, kind, callOptions) {
      const pieces: Uint8Array<ArrayBuffer>[] = [];
      const bytes = stream(video, kind, callOptions);
      let next = await bytes.next();
      for (; next.done !== true; next = await bytes.next()) pieces.push(Uint8Array.from(next.value));
      return new Blob(pieces, { type: next.value.contentType });
    },
    async cancel(video, { signal } = {}) {
      const name = nameOf(video);
      const call = (within: AbortSignal) => rpc.cancelVideo({ name }, { signal: within, timeoutMs: CALL_TIMEOUT_MS });
      return present((await repeat(call, signal)).video);
    },
  };
}

/** The page's own system. @throws TypeError outside of browsers, which have no page */
function defaultUrl(): string {
  const { location } = globalThis as { readonly location?: { readonly origin: string } };
  if (!location) throw new TypeError('baseUrl is required: the URL of the system, such as http://localhost:8080');
  return location.origin;
}

/** Sends the key; without one, the cookie of the first answer. Browsers keep cookies themselves. */
function identify(key: string | undefined): Interceptor {
  let cookie: string | undefined;
  return (next) => async (request) => {
    if (key !== undefined) request.header.set('authorization', `Bearer ${key}`);
    else if (cookie !== undefined) request.header.set('cookie', cookie);
    const response = await next(request);
    cookie = response.header.get('set-cookie')?.split(';', 1)[0] ?? cookie;
    return response;
  };
}

const nameOf = (video: Video | string): string => (typeof video === 'string' ? video : video.name);

async function requestOf(
  source: Source,
  settings: Settings | undefined,
): Promise<Exclude<MessageInitShape<typeof CreateVideoRequestSchema>, { readonly $typeName: string }>> {
  const rest = settings === undefined ? {} : { settings };
  if (source instanceof Blob) return requestOf(await source.arrayBuffer(), settings);
  if (source instanceof ArrayBuffer) return requestOf(new Uint8Array(source), settings);
  if (source instanceof Uint8Array) return { source: { case: 'image', value: source }, ...rest };
  if ('video' in source) return { source: { case: 'video', value: source.video }, ...rest };
  return { source: { case: 'continueFrom', value: source.continueFrom }, ...rest };
}

/** Converts the error of one request of a batch. */
function failureOf(status: Status | undefined): CinematicaError {
  const error = new ConnectError(status?.message ?? '', codeOf(status?.code));
  error.details = (status?.details ?? []).map(({ typeUrl, value }) => ({ type: typeUrl.replace(/^.*\//, ''), value }));
  return CinematicaError.from(error) as CinematicaError;
}

const codeOf = (number: number | undefined): Code => CODES.find((code) => (code as number) === number) ?? Code.Internal;

const CODES = Object.values(Code).filter((code) => typeof code !== 'string');

/** @throws CinematicaError when the system left something out that it always sends */
function present<T>(value: T | undefined): T {
  if (value === undefined) throw new CinematicaError('the system answered without a video', Code.Internal);
  return value;
}

/** Converts the error of a promise. */
const typed = <T>(promise: Promise<T>): Promise<T> =>
  promise.catch((error: unknown) => {
    throw CinematicaError.from(error);
  });
