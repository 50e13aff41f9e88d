/** A short message that goes away by itself, with one thing that can be done about it. */
export interface Toast {
  readonly text: string;
  readonly action?: { readonly label: string; readonly run: () => void };
  /** How long it stays, in milliseconds; longer while it is pointed at or has the focus. */
  readonly ms?: number;
}

/** The toasts that are shown, newest last. */
export const toasts = $state<(Toast & { readonly id: number })[]>([]);

let lastId = 0;

/** Shows a toast, which is read aloud too. @returns what takes it away before its time */
export function showToast(toast: Toast): () => void {
  const id = ++lastId;
  toasts.push({ ...toast, id });
  return () => dismissToast(id);
}

/** Takes a toast away. */
export function dismissToast(id: number): void {
  const index = toasts.findIndex((toast) => toast.id === id);
  if (index >= 0) toasts.splice(index, 1);
}
