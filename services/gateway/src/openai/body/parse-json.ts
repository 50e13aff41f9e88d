import { ApiError } from '../api-error.ts';

/**
 * Parses the JSON object of a request.
 * @returns the object. A `seed` that is a number is text with all of its digits, because numbers of 64 bits are rounded.
 * @throws ApiError when the text is not a JSON object.
 */
export function parseJson(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = parseJsonValue(text);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new ApiError(400, 'invalid_json', `The body is not valid JSON: ${message.slice(0, 200)}.`);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new ApiError(400, 'invalid_json', 'The body must be a JSON object.');
}

/** Parses any JSON, as {@link parseJson} does. @throws SyntaxError */
export const parseJsonValue = (text: string): unknown => JSON.parse(text, keepSeed);

const keepSeed = (key: string, value: unknown, context?: { readonly source?: string }): unknown =>
  key === 'seed' && typeof value === 'number' ? (context?.source ?? value) : value;
