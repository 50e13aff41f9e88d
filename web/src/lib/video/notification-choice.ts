import { readStored, writeStored } from '#lib/storage/safe-storage.ts';

/** Whether the user wants a notification for a video. Kept in the session storage, so that a reload does not lose it. */

const keyOf = (id: string): string => `notify ${id}`;

/** @param id the UUID in the video's name */
export const isNotificationWanted = (id: string): boolean => readStored(keyOf(id), 'sessionStorage') !== null;

/** @param id the UUID in the video's name */
export function setNotificationWanted(id: string, wanted: boolean): void {
  writeStored(keyOf(id), wanted ? '' : null, 'sessionStorage');
}
