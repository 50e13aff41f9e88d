import { NotFiniteError } from './not-finite-error.ts';

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
