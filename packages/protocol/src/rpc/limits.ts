/** The most that a message of a stage may take, in either direction: larger things travel in pieces. */
export const MAX_MESSAGE_BYTES = 2 * 1024 * 1024;
