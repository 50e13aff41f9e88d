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

/**
 * Computes with a model, and once more with its safe variant if a result is not finite. The choice depends on the inputs only,
 * so that a repeated computation has the same result.
 * @throws {NotFiniteError} when there is no safe variant, or its result is not finite, either
 */
export async function computeFinite<Model extends { readonly safe: Model | null }, T>(
  model: Model,
  compute: (model: Model) => Promise<T>,
): Promise<T> {
  try {
    return await compute(model);
  } catch (error) {
    if (!(error instanceof NotFiniteError) || !model.safe) throw error;
    return compute(model.safe);
  }
}
