import type { Media } from '@cinematica/protocol/v1';
import { isAppleMobile } from '#lib/pwa/apple-mobile.ts';

/** Whether this browser can share files of this type with other apps. */
export function canShareFiles(contentType: string): boolean {
  // It needs a secure context, and not every browser has it.
  if (!('canShare' in navigator)) return false;
  return navigator.canShare({ files: [new File([new Uint8Array(1)], 'video', { type: contentType })] });
}

/**
 * Whether the share sheet is the way to save a video to the device's photos. On an iPhone a download goes to a folder that
 * few people know or, in an installed app, opens a page with no way back.
 */
export const savesByShareSheet = isAppleMobile;

/** Downloads a file. @throws TypeError without a network, Error if the link no longer works */
export async function fetchFile(
  media: Pick<Media, 'url' | 'contentType'>,
  name: string,
  signal: AbortSignal,
): Promise<File> {
  const response = await fetch(media.url, { signal });
  if (!response.ok) throw new Error(`fetching the file failed with status ${response.status}`);
  return new File([await response.blob()], name, { type: media.contentType });
}

/**
 * Opens the device's share sheet for a file. Browsers allow it only in the handler of a click.
 *
 * @returns false if the browser refuses; true also if the user cancels
 */
export const shareFile = (file: File): Promise<boolean> => shareFiles([file]);

/** Likewise, for several files. */
export async function shareFiles(files: readonly File[]): Promise<boolean> {
  try {
    await navigator.share({ files: [...files] });
    return true;
  } catch (error) {
    return error instanceof DOMException && error.name === 'AbortError';
  }
}
