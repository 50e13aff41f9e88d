import { z } from 'zod';

/** The tokens that a server accepts, separated by commas: two of them while one is replaced. */
export const tokensSchema = z
  .string()
  .transform((tokens) => tokens.split(','))
  .refine((tokens) => tokens.every((token) => /^\S{32,}$/.test(token)), 'each token must have 32 characters or more');

/**
 * The token that a client sends: the first of a list as {@link tokensSchema} takes it. So client and server can read the same
 * secret.
 */
export const firstTokenSchema = tokensSchema.transform(([first = '']) => first);
