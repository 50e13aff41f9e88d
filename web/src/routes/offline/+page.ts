// The service worker shows this page at any address that can't be loaded, so the app must not start on it.
export const csr = false;
