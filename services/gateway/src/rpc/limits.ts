/** The most bytes of a request, as sent and unpacked: a photo of the most bytes, as JSON has it, and some to say so. */
export const MAX_REQUEST_BYTES = 17_000_000;

/** The most bytes of an answer: a page of videos. */
export const MAX_RESPONSE_BYTES = 4_000_000;

/** Smaller messages are not worth packing. */
export const COMPRESS_MIN_BYTES = 16_384;

/** Bytes of uploads that are read at once; what comes beyond waits. Each is held about twice. */
export const UPLOAD_BYTES = 80_000_000;
/** Uploads that may wait. */
export const UPLOADS_WAITING = 200;
