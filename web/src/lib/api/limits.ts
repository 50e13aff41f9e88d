/** The largest file that the gateway accepts: a photo, or a file to check. Bytes. */
export const MAX_UPLOAD_BYTES = 12_000_000;
