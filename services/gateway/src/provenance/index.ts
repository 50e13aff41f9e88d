/** What checks files without a running system. */
export { createPhotoSanitizer } from '../photo/photo-sanitizer.ts';
export { MediaError } from './media-error.ts';
export { createMediaVerifier } from './media-verifier.ts';
export type { MediaFindings, MediaVerifier } from './media-verifier.ts';
