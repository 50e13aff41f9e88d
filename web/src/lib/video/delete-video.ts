import { timestampMs } from '@bufbuild/protobuf/wkt';
import type { Video } from '@cinematica/protocol/v1';
import { api as gateway } from '#lib/api/client.ts';
import type { Api } from '#lib/api/client.ts';
import { errorMessage } from '#lib/api/errors.ts';
import { m } from '#lib/i18n/index.ts';
import { showToast } from '#lib/ui/toasts.svelte.ts';

type DeleteApi = Pick<Api, 'deleteVideo' | 'undeleteVideo'>;

/** Passes the returned video to `accept`, or shows the error in a toast. @returns whether the call succeeded */
async function callAndAccept(
  call: () => Promise<{ readonly video?: Video | undefined }>,
  accept: (video: Video) => void,
): Promise<boolean> {
  try {
    const { video } = await call();
    if (video) accept(video);
    return true;
  } catch (error) {
    showToast({ text: errorMessage(error) });
    return false;
  }
}

const deletedText = (count: number): string => (count === 1 ? m.video_deleted() : m.video_deleted_count({ count }));

export interface DeleteOptions {
  /**
   * What the toast says, with the number of videos that were deleted.
   *
   * @default that they were deleted
   */
  readonly text?: (count: number) => string;
  readonly api?: DeleteApi;
}

/**
 * Deletes videos, and shows one toast with an undo button for all of them, until the first is purged.
 *
 * @param accept called with each deleted video, and with each restored one after an undo
 */
export async function deleteWithUndo(
  names: readonly string[],
  accept: (video: Video) => void,
  { text = deletedText, api = gateway }: DeleteOptions = {},
): Promise<void> {
  const deleted: Video[] = [];
  for (const name of names) {
    await callAndAccept(
      () => api.deleteVideo({ name }),
      (video) => {
        accept(video);
        deleted.push(video);
      },
    );
  }
  if (deleted.length === 0) return;
  const undo = async (): Promise<void> => {
    for (const { name } of deleted) await undeleteVideo(name, accept, api);
  };
  const purgeTimes = deleted.flatMap(({ purgeTime }) => (purgeTime ? [timestampMs(purgeTime)] : []));
  showToast({
    text: text(deleted.length),
    action: { label: m.common_undo(), run: () => void undo() },
    ms: Math.max(0, Math.min(...purgeTimes) - Date.now()),
  });
}

/** Deletes a video without a toast, for a screen that offers the undo itself. @returns whether it was deleted */
export const deleteVideo = (name: string, accept: (video: Video) => void, api: DeleteApi = gateway): Promise<boolean> =>
  callAndAccept(() => api.deleteVideo({ name }), accept);

/** Restores a deleted video. @returns whether it was restored */
export const undeleteVideo = (
  name: string,
  accept: (video: Video) => void,
  api: DeleteApi = gateway,
): Promise<boolean> => callAndAccept(() => api.undeleteVideo({ name }), accept);
