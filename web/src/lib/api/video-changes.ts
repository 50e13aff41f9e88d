/** Tells the other pages of this browser that a video was created, changed or deleted, so that their lists are up to date. */
const CHANNEL = 'cinematica videos';

export function announceChange(): void {
  if (typeof BroadcastChannel === 'undefined') return;
  const channel = new BroadcastChannel(CHANNEL);
  channel.postMessage('changed');
  channel.close();
}

/** @param signal stops listening */
export function listenForChanges(onchange: () => void, signal: AbortSignal): void {
  if (typeof BroadcastChannel === 'undefined') return;
  const channel = new BroadcastChannel(CHANNEL);
  channel.addEventListener('message', onchange);
  signal.addEventListener('abort', () => channel.close(), { once: true });
}
