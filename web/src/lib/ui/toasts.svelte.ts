/** A short message that disappears after some time, with an optional action. */
export interface Toast {
  readonly text: string;
  readonly action?: { readonly label: string; readonly run: () => void };
  /**
   * How long it is shown, in milliseconds; the time starts again after it was hovered or focused.
   *
   * @default 6000
   */
  readonly ms?: number;
}

/** The visible toasts, newest last. Reactive. */
export const toasts = $state<(Toast & { readonly id: number })[]>([]);

let lastId = 0;

/** Shows a toast; screen readers read it. @returns a function that dismisses it */
export function showToast(toast: Toast): () => void {
  const id = ++lastId;
  toasts.push({ ...toast, id });
  return () => dismissToast(id);
}

/** Removes a toast. */
export function dismissToast(id: number): void {
  const index = toasts.findIndex((toast) => toast.id === id);
  if (index >= 0) toasts.splice(index, 1);
}
