import { UnknownVideoError } from '@cinematica/pipeline';
import type { StoredRecord } from '@cinematica/pipeline';
import type { Video } from '@cinematica/protocol/v1';
import { clientOf } from '../callers/admit-caller.ts';
import type { Caller } from '../callers/authenticate.ts';
import type { BodyClasses } from '../http/body-classes.ts';
import type { BodyError } from '../http/receive-body.ts';
import type { Request, Response } from '../http/http-handler.ts';
import type { FileParts } from '../media/send-file.ts';
import { unknownModel } from '../videos/resolve-plan.ts';
import type { VideosByOwner } from '../videos/videos-by-owner.ts';
import { readBody } from './body/read-body.ts';
import { createExtension, createFromPhoto, createRemix } from './create-video.ts';
import type { CreateCall, Created, CreateParts } from './create-video.ts';
import type { Found } from './find-operation.ts';
import { fromOpenAiId, toOpenAiId } from './ids.ts';
import { toOpenAiModel } from './models.ts';
import { mergeExtras, readQuery } from './read-params.ts';
import { invalidField } from './api-error.ts';
import type { OpenAiModel, OpenAiVideo } from './schema/answers.ts';
import { contentQuery, listQuery } from './schema/list-query.ts';
import { sendContent } from './send-content.ts';
import { pollHeaders, toOpenAiVideo } from './to-openai-video.ts';
import { inheritedSettings } from './video-settings.ts';

/** The dependencies of the operations of the OpenAI API. All of them are required. */
export interface AnswerParts extends Omit<CreateParts, 'settingsOf'>, FileParts {
  /** Limits bodies, and counts their memory. */
  readonly bodies: BodyClasses;
  /** Answers the list of videos. */
  readonly videosByOwner: VideosByOwner;
  /** The video as `VideoService` returns it. */
  readonly view: (stored: StoredRecord) => Video;
  /** The time at which the model was loaded. Seconds since 1970. */
  readonly loadedAt: number;
}

/** A request whose caller and operation are known. */
export interface OperationCall {
  readonly found: Found;
  readonly caller: Caller;
  readonly query: URLSearchParams;
  readonly request: Request;
  readonly response: Response;
  /** Aborted when the request has been answered, the caller has left, or the memory of the body is needed for another client. */
  readonly signal: AbortSignal;
  /** Ends the request with an error. */
  readonly abort: (error: BodyError) => void;
  /** Answers with an error. */
  readonly refuse: (error: unknown) => void;
}

/** An answer in JSON. */
export interface JsonAnswer {
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Does what a request asks for.
 * @returns null when the answer is a file, which has been sent.
 * @throws ApiError, and what `VideoOperations` throw.
 */
export async function answerOperation(parts: AnswerParts, call: OperationCall): Promise<JsonAnswer | null> {
  const { found, caller, query } = call;
  const id = found.params.video_id ?? '';
  switch (found.id) {
    case 'createVideo':
      return createdAnswer(parts, await createFromPhoto(createParts(parts), await readCall(parts, call, 'upload')));
    case 'remixVideo':
      return createdAnswer(parts, await createRemix(createParts(parts), await readCall(parts, call, 'message'), id));
    case 'extendVideo':
      return createdAnswer(parts, await createExtension(createParts(parts), await readCall(parts, call, 'message')));
    case 'retrieveVideo':
      readQuery(null, query);
      return videoAnswer(toVideo(parts, await readVideo(parts, caller, id)));
    case 'listVideos':
      return { body: listVideos(parts, caller, query) };
    case 'deleteVideo': {
      readQuery(null, query);
      const { record } = await readVideo(parts, caller, id);
      await parts.operations.delete({ owner: caller.owner, videoId: record.videoId });
      return { body: { id: toOpenAiId(record.videoId), object: 'video.deleted', deleted: true } };
    }
    case 'downloadVideo': {
      const { variant } = readQuery(contentQuery, query);
      const stored = await readVideo(parts, caller, id);
      const content = { stored, video: toVideo(parts, stored), variant };
      await sendContent(parts, content, call.request, call.response, call.refuse);
      return null;
    }
    case 'listModels':
      readQuery(null, query);
      return { body: { object: 'list', data: [modelOf(parts)] } };
    case 'retrieveModel':
      readQuery(null, query);
      if (found.params.model !== parts.card.name) throw unknownModel('model', parts.card);
      return { body: modelOf(parts) };
  }
}

const createParts = (parts: AnswerParts): CreateParts => ({
  ...parts,
  settingsOf: (stored) => inheritedSettings(parts.view(stored).settings),
});

async function readCall(
  { bodies }: AnswerParts,
  { caller, query, request, signal, abort }: OperationCall,
  bodyClass: 'upload' | 'message',
): Promise<CreateCall> {
  readQuery(null, query);
  const options = { bodies, bodyClass, client: clientOf(caller), onEvict: abort, signal };
  const fields = mergeExtras(await readBody(request, options));
  const key = request.headers['idempotency-key'];
  return { caller, fields, idempotencyKey: typeof key === 'string' ? key : null, signal };
}

const createdAnswer = (parts: AnswerParts, { stored, adjustments }: Created): JsonAnswer =>
  videoAnswer(toOpenAiVideo(stored, parts.view(stored), adjustments));

const videoAnswer = (body: OpenAiVideo): JsonAnswer => ({ body, headers: pollHeaders(body) });

const toVideo = (parts: AnswerParts, stored: StoredRecord): OpenAiVideo => toOpenAiVideo(stored, parts.view(stored));

/** @throws UnknownVideoError when the video is deleted or belongs to another caller, although it could still be restored. */
async function readVideo({ operations }: AnswerParts, { owner }: Caller, id: string): Promise<StoredRecord> {
  const videoId = fromOpenAiId(id);
  const stored = videoId === null ? null : await operations.get({ owner, videoId });
  if (!stored || stored.record.purgeTime) throw new UnknownVideoError('there is no such video');
  return stored;
}

function listVideos(parts: AnswerParts, { owner }: Caller, query: URLSearchParams): object {
  const { after, limit, order } = readQuery(listQuery, query);
  const afterId = after === undefined ? null : fromOpenAiId(after);
  if (after !== undefined && afterId === null) throw invalidField('after', 'must be the id of a video.');
  const { videos, hasMore } = parts.videosByOwner.page({
    owner,
    size: limit,
    after: afterId,
    order: order === 'asc' ? 'oldest first' : 'newest first',
    filter: () => true,
    showDeleted: false,
  });
  const data = videos.map((stored) => toVideo(parts, stored));
  return {
    object: 'list',
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: hasMore,
  };
}

const modelOf = ({ card, loadedAt }: AnswerParts): OpenAiModel => toOpenAiModel(card, loadedAt);
