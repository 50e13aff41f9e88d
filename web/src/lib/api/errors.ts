import { ERROR_DOMAIN, ErrorInfoSchema, RetryInfoSchema } from '@cinematica/protocol/error-details';
import { ErrorReason } from '@cinematica/protocol/v1';
import type { Video } from '@cinematica/protocol/v1';
import { durationMs } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError } from '@connectrpc/connect';
import { m } from '#lib/i18n/index.ts';

/** The user's message for each reason: what happened and what to do about it. */
const messages = {
  [ErrorReason.INVALID_REQUEST]: m.common_error_invalid_request,
  [ErrorReason.IMAGE_TYPE_UNSUPPORTED]: m.common_error_image_type,
  [ErrorReason.IMAGE_UNREADABLE]: m.common_error_image_unreadable,
  [ErrorReason.IMAGE_TOO_LARGE]: m.common_error_image_too_large,
  [ErrorReason.IMAGE_TOO_SMALL]: m.common_error_image_too_small,
  [ErrorReason.MODEL_UNKNOWN]: m.common_error_setting,
  [ErrorReason.SETTING_UNSUPPORTED]: m.common_error_setting,
  [ErrorReason.VIDEO_NOT_FOUND]: m.common_error_not_found,
  [ErrorReason.REQUEST_ID_REUSED]: m.common_error_internal,
  [ErrorReason.VIDEO_NOT_READY]: m.common_error_not_ready,
  [ErrorReason.VIDEO_ENDED]: m.common_error_ended,
  [ErrorReason.TOO_MANY_VIDEOS]: m.common_error_too_many_videos,
  [ErrorReason.TOO_MANY_REQUESTS]: m.common_error_too_many_requests,
  [ErrorReason.SYSTEM_BUSY]: m.common_error_busy,
  [ErrorReason.STORAGE_FULL]: m.common_error_busy,
  [ErrorReason.NOT_AUTHENTICATED]: m.common_error_cookie,
  [ErrorReason.UNAVAILABLE]: m.common_error_unavailable,
  [ErrorReason.SLOT_TAKEN]: m.common_error_busy,
  [ErrorReason.STAGE_FAILED]: m.common_error_stage_failed,
  [ErrorReason.TOOK_TOO_LONG]: m.common_error_too_long,
  [ErrorReason.DATA_LOST]: m.common_error_data_lost,
  [ErrorReason.INTERNAL]: m.common_error_internal,
  [ErrorReason.OUT_OF_MEMORY]: m.common_error_memory,
  [ErrorReason.REQUEST_TOO_LARGE]: m.common_error_image_too_large,
  [ErrorReason.METHOD_UNKNOWN]: m.common_error_internal,
  [ErrorReason.OUTBOUND_DISABLED]: m.common_error_setting,
  [ErrorReason.IMAGE_NOT_FETCHED]: m.common_error_image_unreadable,
  [ErrorReason.MEDIA_UNREADABLE]: m.common_error_media_unreadable,
  [ErrorReason.PUSH_UNSUPPORTED]: m.common_error_unavailable,
  [ErrorReason.NOT_JOINABLE]: m.common_error_not_joinable,
  [ErrorReason.NOT_FINITE]: m.common_error_not_finite,
  [ErrorReason.IMAGE_TIMEOUT]: m.common_error_image_timeout,
  [ErrorReason.MEDIA_TIMEOUT]: m.common_error_media_timeout,
} satisfies Record<KnownReason, () => string>;

/** The reasons that this app knows; a newer gateway may send others. */
type KnownReason = Exclude<(typeof ErrorReason)[keyof typeof ErrorReason], 0>;

const messageOf = (reason: ErrorReason): (() => string) | undefined =>
  (messages as Partial<Record<ErrorReason, () => string>>)[reason];

/** The reason that the gateway gave for an error; UNSPECIFIED if it gave none. */
export function reasonOf(error: unknown): ErrorReason {
  if (!(error instanceof ConnectError)) return ErrorReason.UNSPECIFIED;
  const info = error.findDetails(ErrorInfoSchema).find(({ domain }) => domain === ERROR_DOMAIN);
  const reasons: Readonly<Record<string, ErrorReason>> = ErrorReason;
  return reasons[info?.reason ?? ''] ?? ErrorReason.UNSPECIFIED;
}

/** Whether the gateway was unreachable or unavailable, so that a retry of the same call may succeed. */
export function isUnreachable(error: unknown): boolean {
  // Without a network, fetch throws a TypeError, which Connect reports as UNKNOWN.
  const { code, cause } = ConnectError.from(error);
  return code === Code.Unavailable || code === Code.DeadlineExceeded || cause instanceof TypeError;
}

/** How long the gateway asks to wait before a retry, in milliseconds; undefined if it does not say. */
export function retryDelay(error: unknown): number | undefined {
  if (!(error instanceof ConnectError)) return undefined;
  const [info] = error.findDetails(RetryInfoSchema);
  return info?.retryDelay && durationMs(info.retryDelay);
}

/** The message for a failed call, in the user's language: what went wrong and what to do about it. */
export function errorMessage(error: unknown): string {
  const message = messageOf(reasonOf(error));
  if (message) return message();
  if (isUnreachable(error)) return m.common_error_connection();
  return m.common_error_internal();
}

/** The message for a failed video, in the user's language. */
export function failureMessage(video: Video): string {
  return (messageOf(video.error?.reason ?? ErrorReason.INTERNAL) ?? m.common_error_internal)();
}
