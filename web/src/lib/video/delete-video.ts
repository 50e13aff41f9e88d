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

/**
 * Deletes a video, and shows a toast with an undo button until the video is purged.
 *
 * @param accept called with the deleted video, and with the restored one after an undo
 * @returns whether the video was deleted
 */
export function deleteWithUndo(
  name: string,
  accept: (video: Video) => void,
  api: DeleteApi = gateway,
): Promise<boolean> {
  return callAndAccept(
    () => api.deleteVideo({ name }),
    (video) => {
      accept(video);
      const ms = video.purgeTime ? timestampMs(video.purgeTime) - Date.now() : 0;
      showToast({
        text: m.video_deleted(),
        action: { label: m.common_undo(), run: () => void undeleteVideo(name, accept, api) },
        ms,
      });
    },
  );
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
