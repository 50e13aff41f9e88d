/** A part of the model returned NaN or infinity. */
export class NotFiniteError extends Error {
  override readonly name = 'NotFiniteError';
  /** The part, such as `step` or `vae_decoder`. */
  readonly part: string;

  constructor(part: string) {
    super(`the model's ${part.replace('_', ' ')} returned numbers that are not finite (NaN or infinity)`);
    this.part = part;
  }
}
