import { create } from '@bufbuild/protobuf';
import type { Created, StoredRecord } from '@cinematica/pipeline';
import { CreateVideoRequestSchema, CreateVideoResultSchema } from '@cinematica/protocol/v1';
import type { CreateVideoRequest, CreateVideoResult, Video } from '@cinematica/protocol/v1';
import { checkMessage } from '@cinematica/protocol';
import { checkUpload } from '../photo/check-upload.ts';
import { PHOTO_LIMITS } from '../photo/photo-limits.ts';
import { refusalOf } from '../rpc/errors.ts';

/**
 * Creates the videos of a batch. Each request is checked on its own, so that an invalid one does not concern the others.
 * @param createAll creates the videos of the valid requests.
 * @param answer converts a record to the video for the caller.
 * @returns a result for each request, in their order.
 * @throws the signal's reason.
 */
export async function createBatch(
  requests: readonly CreateVideoRequest[],
  createAll: (valid: readonly CreateVideoRequest[]) => Promise<readonly Created[]>,
  answer: (stored: StoredRecord) => Video,
  signal: AbortSignal,
): Promise<CreateVideoResult[]> {
  const refused = new Map<CreateVideoRequest, unknown>();
  for (const request of requests) {
    try {
      checkRequest(request);
    } catch (error) {
      refused.set(request, error);
    }
  }
  const valid = requests.filter((request) => !refused.has(request));
  const created = valid.length === 0 ? [] : await createAll(valid);
  signal.throwIfAborted();
  const results = new Map(valid.map((request, index) => [request, created[index]!]));
  return requests.map((request) => {
    const result = results.get(request) ?? { error: refused.get(request) };
    if ('error' in result) return failure(result.error);
    try {
      return create(CreateVideoResultSchema, { result: { case: 'video', value: answer(result.stored) } });
    } catch (error) {
      return failure(error);
    }
  });
}

/** Checks a request as that of CreateVideo. A file that is not a photo is reported first. @throws PhotoError, RpcError */
export function checkRequest(request: CreateVideoRequest): void {
  if (request.source.case === 'image') checkUpload(request.source.value, PHOTO_LIMITS);
  checkMessage(CreateVideoRequestSchema, request);
}

function failure(error: unknown): CreateVideoResult {
  const { code, message, details } = refusalOf(error);
  return create(CreateVideoResultSchema, {
    result: { case: 'error', value: { code, message, details: [...details] } },
  });
}
