/** Content credentials (C2PA): signing what was generated, and checking what a file says of itself. */
export { SigningIdentityError, UnsupportedMediaError } from './errors.ts';
export { createLocalAuthority } from './local-authority.ts';
export type { LocalAuthority } from './local-authority.ts';
export type { MediaOrigin, PhotoOrigin } from './manifest.ts';
export { readCredentials } from './read-credentials.ts';
export type { Credentials, Voucher } from './read-credentials.ts';
export { signMedia } from './sign-media.ts';
export { readSigner } from './signing-identity.ts';
export type { SigningIdentity } from './signing-identity.ts';
export type { TimestampAuthority } from './timestamp.ts';
export { NO_ROOTS } from './trust.ts';
export type { TrustedRoots } from './trust.ts';
