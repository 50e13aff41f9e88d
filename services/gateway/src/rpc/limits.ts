/** The maximum size of a CreateVideo or VerifyMedia request, compressed and decompressed: the largest file in base64, and settings. Bytes. */
export const MAX_UPLOAD_BYTES = 17_000_000;

/**
 * The maximum size of a BatchCreateVideos request, compressed and decompressed. It is that of one upload, because as many
 * copies of it are in memory while it is parsed. Bytes.
 */
export const MAX_BATCH_BYTES = MAX_UPLOAD_BYTES;

/** The most requests in a batch: `max_items` in the schema. */
export const MAX_BATCH_SIZE = 20;

/** The maximum size of any other request, compressed and decompressed. The largest legitimate one has about 700. Bytes. */
export const MAX_MESSAGE_BYTES = 16_384;

/** The maximum total size of a stream of requests. Only reflection has such streams. Bytes. */
export const MAX_STREAM_BYTES = 262_144;

/** The maximum size of a response. The largest is a page of videos. Bytes. */
export const MAX_RESPONSE_BYTES = 4_000_000;

/** The size from which responses are compressed. Bytes. */
export const COMPRESS_MIN_BYTES = 16_384;
