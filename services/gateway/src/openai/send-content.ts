import { UnknownVideoError } from '@cinematica/pipeline';
import type { StoredRecord } from '@cinematica/pipeline';
import { MediaKind } from '@cinematica/protocol/v1';
import { OUTPUT_FILES } from '@cinematica/settings';
import type { Request, Response } from '../http/http-handler.ts';
import { mediaFiles } from '../media/media-files.ts';
import type { MediaFile } from '../media/media-files.ts';
import { sendFile } from '../media/send-file.ts';
import type { FileParts, FileRefusal } from '../media/send-file.ts';
import { ApiError, invalidField } from './api-error.ts';
import type { OpenAiVideo } from './schema/answers.ts';
import type { VARIANTS } from './schema/list-query.ts';

type Variant = (typeof VARIANTS)[number];

/** What is sent. */
export interface Content {
  readonly stored: StoredRecord;
  readonly video: OpenAiVideo;
  readonly variant: Variant;
}

/**
 * Sends a file of a video.
 * @param refuse answers when the file cannot be sent.
 * @throws ApiError 404 when the video is not completed or has no such file.
 */
export async function sendContent(
  parts: FileParts,
  { stored, video, variant }: Content,
  request: Request,
  response: Response,
  refuse: (error: Error) => void,
): Promise<void> {
  const file = fileOf(stored, video, variant);
  const headers = {
    // The file never changes, but a later request may have another key.
    'cache-control': 'private, no-cache',
    vary: 'authorization, x-api-key, cookie, origin',
    'content-disposition': `attachment; filename="${video.id}-${file.name}"`,
  };
  await sendFile(parts, file, request, response, { headers, refuse: (refusal) => refuse(errorOf(refusal)) });
}

function fileOf({ record }: StoredRecord, { status, progress, error }: OpenAiVideo, variant: Variant): MediaFile {
  if (status === 'failed')
    throw new ApiError(404, 'video_failed', `There is no file: ${error?.message ?? 'it failed.'}`);
  if (status !== 'completed') {
    const message = `The video is not completed yet: its status is ${status}, its progress ${progress} %.`;
    throw new ApiError(404, 'video_not_ready', message);
  }
  const kind = kindOf(variant);
  const file = mediaFiles(record).find((each) => each.kind === kind);
  if (file) return file;
  throw invalidField(
    'variant',
    `the video was made without this file; send "outputs": ["${variant}"] to have it made.`,
  );
}

function kindOf(variant: Variant): MediaKind {
  if (variant === 'video') return MediaKind.MP4;
  return variant === 'thumbnail' ? MediaKind.POSTER : OUTPUT_FILES[variant].kind;
}

function errorOf(refusal: FileRefusal): Error {
  switch (refusal) {
    case 'missing':
      return new UnknownVideoError('its file is no longer stored');
    case 'unavailable':
      return new ApiError(503, 'unavailable', 'The storage is not available right now: try again.', null, {
        'retry-after': '2',
      });
    case 'failed':
      return new ApiError(500, 'internal', 'An internal error occurred. Try again.');
  }
}
