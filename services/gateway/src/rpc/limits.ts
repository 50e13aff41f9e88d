/** The most bytes of a CreateVideo request, as sent and as decompressed: the largest photo in base64, and its settings. */
export const MAX_UPLOAD_BYTES = 17_000_000;

/** The most bytes of any other request message, as sent and as decompressed. The largest legitimate one has about 700. */
export const MAX_MESSAGE_BYTES = 16_384;

/** The most bytes that one stream of requests may send in all. Only reflection has such streams. */
export const MAX_STREAM_BYTES = 262_144;

/** The most bytes of a response message: a page of videos. */
export const MAX_RESPONSE_BYTES = 4_000_000;

/** Smaller responses are not worth compressing. */
export const COMPRESS_MIN_BYTES = 16_384;
