import type { Media } from '@cinematica/protocol/v1';

/** Whether this browser passes files of this type on to other apps. */
export function canShareFiles(contentType: string): boolean {
  // Only on https, and not everywhere.
  if (!('canShare' in navigator)) return false;
  return navigator.canShare({ files: [new File([new Uint8Array(1)], 'video', { type: contentType })] });
}

/**
 * Whether a video gets among the photos of this device by its share sheet only: on an iPhone a download ends in a folder
 * that people don't know, or, in an installed app, in a page with no way back.
 */
export const savesByShareSheet = ({ userAgent, platform, maxTouchPoints }: Navigator): boolean =>
  // An iPad says that it is a Mac, which has no touch screen.
  /iPhone|iPad|iPod/.test(userAgent) || (platform === 'MacIntel' && maxTouchPoints > 1);

/** @throws TypeError where there is no network, Error where the link no longer works */
export async function fetchFile(media: Media, name: string, signal: AbortSignal): Promise<File> {
  const response = await fetch(media.url, { signal });
  if (!response.ok) throw new Error(`the file could not be fetched: ${response.status}`);
  return new File([await response.blob()], name, { type: media.contentType });
}

/**
 * Passes a file on, by the device's own share sheet; only in a press of a button.
 *
 * @returns false where the browser refuses; true also where the user thinks better of it
 */
export async function shareFile(file: File): Promise<boolean> {
  try {
    await navigator.share({ files: [file] });
    return true;
  } catch (error) {
    return error instanceof DOMException && error.name === 'AbortError';
  }
}
