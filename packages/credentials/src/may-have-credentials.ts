/** The start of a manifest store: the type of its description box, and the first half of its UUID (C2PA 2.1, §11.1.4). */
const MANIFEST_STORE = 'jumdc2pa';

/**
 * Whether a file may have content credentials. Most have none, and then the library, which takes 40 MB, need not be loaded: this module
 * loads nothing.
 */
export const mayHaveCredentials = (media: Uint8Array): boolean =>
  Buffer.from(media.buffer, media.byteOffset, media.length).includes(MANIFEST_STORE);
