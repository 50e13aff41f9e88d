/** Of which videos this tab is to tell when they are done: remembered, as a page may be loaded again until then. */

const keyOf = (id: string): string => `tell ${id}`;

export const isNoticeWanted = (id: string): boolean =>
  // There is none on the server.
  typeof sessionStorage !== 'undefined' && sessionStorage.getItem(keyOf(id)) !== null;

export function wantNotice(id: string, wanted: boolean): void {
  if (wanted) sessionStorage.setItem(keyOf(id), '');
  else sessionStorage.removeItem(keyOf(id));
}
