/** Whether the user wants a notification for a video. Kept in the session storage, so that a reload does not lose it. */

const keyOf = (id: string): string => `notify ${id}`;

/** @param id the UUID in the video's name */
export const isNotificationWanted = (id: string): boolean =>
  // The server has no session storage.
  typeof sessionStorage !== 'undefined' && sessionStorage.getItem(keyOf(id)) !== null;

/** @param id the UUID in the video's name */
export function setNotificationWanted(id: string, wanted: boolean): void {
  if (wanted) sessionStorage.setItem(keyOf(id), '');
  else sessionStorage.removeItem(keyOf(id));
}
