/** Photos as the gateway reads them, for programs on the same machine. */
export { PhotoError } from './photo-error.ts';
export { PHOTO_LIMITS } from './photo-limits.ts';
export { createPhotoSanitizer } from './photo-sanitizer.ts';
export type { PhotoSanitizer } from './photo-sanitizer.ts';
export { sniffFormat } from './sniff-format.ts';
