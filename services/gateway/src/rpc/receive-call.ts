import type { DescMethod } from '@bufbuild/protobuf';
import { Code, refuse, refuseUntil } from '@cinematica/protocol';
import { ErrorReason, ProvenanceService, VideoService } from '@cinematica/protocol/v1';
import type { UniversalServerRequest } from '@connectrpc/connect/protocol';
import type { ConnectError } from '@connectrpc/connect';
import type { Counter } from 'prom-client';
import { createJsonLimiter, JsonLimitError } from '../http/json-limits.ts';
import { BodyError, receiveBody } from '../http/receive-body.ts';
import type { BodyLimits } from '../http/receive-body.ts';
import { createReceiveBudget } from '../http/receive-budget.ts';
import type { ReceiveBudget } from '../http/receive-budget.ts';
import { budgetClientKey } from './context.ts';
import { toConnectError } from './errors.ts';
import { MAX_BATCH_SIZE, MAX_MESSAGE_BYTES, MAX_STREAM_BYTES, MAX_UPLOAD_BYTES } from './limits.ts';

/** How the bodies of one class of methods are received. */
interface BodyClass {
  readonly limits: BodyLimits;
  readonly budget: ReceiveBudget;
}

/** Photos, also from phones with a slow connection. At 8 kB/s, the minimum, 2.4 MB arrive before the deadline. */
const uploads = (): BodyClass => ({
  limits: { maxBytes: MAX_UPLOAD_BYTES, minBytesPerSecond: 8_000, graceMs: 10_000, deadlineMs: 300_000 },
  // While a body is parsed, up to four copies of it are in memory: chunks, one array, text, and the photo.
  budget: createReceiveBudget({ totalBytes: 80_000_000, clientBytes: 24_000_000, waitMs: 30_000 }),
});

const messages = (): BodyClass => ({
  limits: { maxBytes: MAX_MESSAGE_BYTES, minBytesPerSecond: 1_000, graceMs: 5_000, deadlineMs: 10_000 },
  budget: createReceiveBudget({ totalBytes: 16_000_000, clientBytes: 4_000_000, waitMs: 10_000 }),
});

/** Streams of several messages. The client may pause for up to a minute, because it answers responses. */
const streams = (): BodyClass => ({
  limits: { maxBytes: MAX_STREAM_BYTES, minBytesPerSecond: 0, graceMs: 60_000, deadlineMs: Infinity },
  budget: createReceiveBudget({ totalBytes: 32_000_000, clientBytes: 8_000_000, waitMs: 10_000 }),
});

/** The largest legitimate CreateVideoRequest in JSON has three levels and about 40 fields. */
const JSON_LIMITS = { maxDepth: 16, maxStructureBytes: 16_384, maxStringBytes: 16_384, maxLongStrings: 1 };

/** The same for a batch. */
const BATCH_JSON_LIMITS = {
  ...JSON_LIMITS,
  maxStructureBytes: MAX_BATCH_SIZE * JSON_LIMITS.maxStructureBytes,
  maxLongStrings: MAX_BATCH_SIZE,
};

const { createVideo, batchCreateVideos } = VideoService.method;

/** The size of the envelope before each message in gRPC, gRPC-Web and Connect's streams. Bytes. */
const ENVELOPE_BYTES = 5;

/**
 * Creates a function that receives the bodies of calls. It limits their size, their minimum speed and the memory that they
 * use, and checks the structure of JSON uploads, all before a body is decompressed or parsed.
 * @param refusals counts refused bodies by reason.
 */
export function createCallReceiver(refusals: Counter<'reason'>) {
  const [upload, message, stream] = [uploads(), messages(), streams()];

  function classOf(method: DescMethod): BodyClass {
    if (isUpload(method)) return upload;
    return method.methodKind === 'bidi_streaming' ? stream : message;
  }

  async function* receive(call: UniversalServerRequest, method: DescMethod): AsyncGenerator<Uint8Array> {
    const { limits, budget } = classOf(method);
    try {
      yield* receiveBody(call.body as AsyncIterable<Uint8Array>, {
        limits,
        budget,
        client: call.contextValues?.get(budgetClientKey) ?? '',
        declaredBytes: declaredBytes(call.header),
        countsAsLargest: isUpload(method) && isCompressed(call.header),
        releaseWhenReceived: !isUpload(method),
        inspect: isUpload(method) && isJson(call.header) ? inspectJson(call.header, method) : null,
        signal: call.signal,
      });
    } catch (error) {
      if (error instanceof BodyError) refusals.inc({ reason: error.refusal });
      if (error instanceof JsonLimitError) refusals.inc({ reason: 'json-shape' });
      throw refusalOf(error) ?? error;
    }
  }
  return receive;
}

/** Whether the requests of a method contain files. */
const isUpload = (method: DescMethod): boolean =>
  method === createVideo || method === batchCreateVideos || method === ProvenanceService.method.verifyMedia;

function inspectJson(header: Headers, method: DescMethod): (chunk: Uint8Array) => void {
  if (isCompressed(header)) {
    const message = 'A file in JSON must not be compressed: send the JSON as it is, or a binary Protobuf message.';
    throw toConnectError(refuse(Code.UNIMPLEMENTED, ErrorReason.INVALID_REQUEST, message));
  }
  const check = createJsonLimiter(method === batchCreateVideos ? BATCH_JSON_LIMITS : JSON_LIMITS);
  let envelope = header.get('content-type')?.startsWith('application/json') === true ? 0 : ENVELOPE_BYTES;
  return (chunk) => {
    const skipped = Math.min(envelope, chunk.length);
    envelope -= skipped;
    check(chunk.subarray(skipped));
  };
}

function refusalOf(error: unknown): ConnectError | null {
  if (error instanceof JsonLimitError) {
    const message = `The JSON cannot be a message of this method: ${error.message}.`;
    return toConnectError(refuse(Code.INVALID_ARGUMENT, ErrorReason.INVALID_REQUEST, message));
  }
  if (!(error instanceof BodyError)) return null;
  switch (error.refusal) {
    case 'busy':
      return toConnectError(refuseUntil(ErrorReason.SYSTEM_BUSY, error.message, 5_000));
    case 'too-slow':
      return toConnectError(refuse(Code.DEADLINE_EXCEEDED, ErrorReason.TOOK_TOO_LONG, error.message));
    case 'too-large':
      return toConnectError(refuse(Code.INVALID_ARGUMENT, ErrorReason.REQUEST_TOO_LARGE, error.message));
  }
}

function declaredBytes(header: Headers): number | null {
  const length = Number(header.get('content-length') ?? Number.NaN);
  return Number.isSafeInteger(length) && length >= 0 ? length : null;
}

/** The headers that name the compression in Connect's unary calls, in its streams, and in gRPC. */
const ENCODINGS = ['content-encoding', 'connect-content-encoding', 'grpc-encoding'];

const isCompressed = (header: Headers): boolean =>
  ENCODINGS.some((name) => !['', 'identity'].includes(header.get(name)?.trim().toLowerCase() ?? ''));

const isJson = (header: Headers): boolean => /\bjson\b/i.test(header.get('content-type') ?? '');
