import type { DescMethod } from '@bufbuild/protobuf';
import { Code, refuse } from '@cinematica/protocol';
import { ErrorReason, ProvenanceService, VideoService } from '@cinematica/protocol/v1';
import type { UniversalServerRequest } from '@connectrpc/connect/protocol';
import { BATCH_JSON_LIMITS, declaredBytes, JSON_LIMITS } from '../http/body-classes.ts';
import type { BodyClass, BodyClasses } from '../http/body-classes.ts';
import { createJsonLimiter, JsonLimitError } from '../http/json-limits.ts';
import { BodyError, receiveBody } from '../http/receive-body.ts';
import { budgetClientKey, evictionKey } from './context.ts';
import { toConnectError } from './errors.ts';

const { createVideo, batchCreateVideos } = VideoService.method;

/** The size of the envelope before each message in gRPC, gRPC-Web and Connect's streams. Bytes. */
const ENVELOPE_BYTES = 5;

/**
 * Creates a function that receives the bodies of calls. It limits their size, their minimum speed and the memory that they
 * use, and checks the structure of JSON uploads, all before a body is decompressed or parsed.
 */
export function createCallReceiver({ upload, message, stream, countRefusal }: BodyClasses) {
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
        declaredBytes: declaredBytes(call.header.get('content-length')),
        countsAsLargest: isUpload(method) && isCompressed(call.header),
        releaseWhenReceived: !isUpload(method),
        inspect: isUpload(method) && isJson(call.header) ? inspectJson(call.header, method) : null,
        onEvict: (error) => call.contextValues?.get(evictionKey).abort(toConnectError(error)),
        signal: call.signal,
      });
    } catch (error) {
      countRefusal(error);
      throw error instanceof BodyError || error instanceof JsonLimitError ? toConnectError(error) : error;
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

/** The headers that name the compression in Connect's unary calls, in its streams, and in gRPC. */
const ENCODINGS = ['content-encoding', 'connect-content-encoding', 'grpc-encoding'];

const isCompressed = (header: Headers): boolean =>
  ENCODINGS.some((name) => !['', 'identity'].includes(header.get(name)?.trim().toLowerCase() ?? ''));

const isJson = (header: Headers): boolean => /\bjson\b/i.test(header.get('content-type') ?? '');
