/** The maximum size of a message of a stage, in bytes. Larger data is sent in chunks. */
export const MAX_MESSAGE_BYTES = 2 * 1024 * 1024;
