import { MediaKind } from '@cinematica/protocol/v1';
import type { Media, Video } from '@cinematica/protocol/v1';
import { downloadUrl, pickMedia } from '#lib/api/media.ts';
import { fetchFile } from '#lib/video/share-file.ts';

/** Browsers drop downloads that are started at the same time. Milliseconds. */
const BETWEEN_DOWNLOADS_MS = 400;

/** The file of each finished video that people save and share. */
export const filesOf = (videos: readonly Video[]): readonly (readonly [Video, Media])[] =>
  videos.flatMap((video) => {
    const media = pickMedia(video, MediaKind.LOOP, MediaKind.MP4);
    return media ? [[video, media] as const] : [];
  });

/** Downloads the files, one after another. */
export async function downloadFiles(videos: readonly Video[]): Promise<void> {
  for (const [, media] of filesOf(videos)) {
    const link = Object.assign(document.createElement('a'), { href: downloadUrl(media), download: '' });
    link.click();
    await new Promise((resolve) => setTimeout(resolve, BETWEEN_DOWNLOADS_MS));
  }
}

/** Fetches the files for the share sheet of the device. @throws as {@link fetchFile} */
export const fetchFiles = (videos: readonly Video[], signal: AbortSignal): Promise<File[]> =>
  Promise.all(filesOf(videos).map(([{ name }, media]) => fetchFile(media, `cinematica-${name.slice(-8)}.mp4`, signal)));
