import { z } from 'zod';

/** The tokens that a server accepts, separated by commas: two of them while one is replaced. */
export const tokensSchema = z
  .string()
  .transform((tokens) => tokens.split(','))
  .refine((tokens) => tokens.every((token) => /^\S{32,}$/.test(token)), 'each token must have 32 characters or more');

/** The token for calls: the first of those that the server accepts, so that one secret can be for both sides. */
export const firstTokenSchema = tokensSchema.transform(([first = '']) => first);

/** The URL of a time stamp authority (RFC 3161). It is the operator's, so that it may be `http`, and a private address. */
export const timestampUrlSchema = z
  .url({ protocol: /^https?$/ })
  .refine((url) => !/^https?:\/\/[^/?#]*@/i.test(url), 'must not contain a user or a password');
