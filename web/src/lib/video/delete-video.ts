import { timestampMs } from '@bufbuild/protobuf/wkt';
import type { Video } from '@cinematica/protocol/v1';
import { api } from '#lib/api/client.ts';
import { errorMessage } from '#lib/api/errors.ts';
import { m } from '#lib/i18n/index.ts';
import { showToast } from '#lib/ui/toasts.svelte.ts';

/** Calls something that answers with a video; a refusal is shown. @returns whether it worked */
async function change(
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
 * Deletes a video, which can be taken back for as long as the toast says so.
 *
 * @param accept gets the video as it is after each of the two.
 * @returns whether it is deleted
 */
export function deleteWithUndo(name: string, accept: (video: Video) => void): Promise<boolean> {
  return change(
    () => api.deleteVideo({ name }),
    (video) => {
      accept(video);
      const ms = video.purgeTime ? timestampMs(video.purgeTime) - Date.now() : 0;
      showToast({
        text: m.video_deleted(),
        action: { label: m.common_undo(), run: () => void undelete(name, accept) },
        ms,
      });
    },
  );
}

/** Deletes a video, where the screen itself says so and offers to take it back. @returns whether it is deleted */
export const deleteHere = (name: string, accept: (video: Video) => void): Promise<boolean> =>
  change(() => api.deleteVideo({ name }), accept);

/** Brings a deleted video back. @returns whether it is back */
export const undelete = (name: string, accept: (video: Video) => void): Promise<boolean> =>
  change(() => api.undeleteVideo({ name }), accept);
