// Kept by the service worker, and shown at whatever address can't be reached: the app must not start there.
export const csr = false;
