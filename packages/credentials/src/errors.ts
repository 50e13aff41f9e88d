/** A file that can't carry content credentials: of another format, or damaged. */
export class UnsupportedMediaError extends Error {
  override readonly name = 'UnsupportedMediaError';
}

/** A certificate or key that can't sign content credentials. The message says what is wrong with it. */
export class SigningIdentityError extends Error {
  override readonly name = 'SigningIdentityError';
}
