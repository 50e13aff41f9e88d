import { z } from 'zod';

/** The URL of a time stamp authority (RFC 3161). It is the operator's, so that it may be `http`, and a private address. */
export const timestampUrlSchema = z
  .url({ protocol: /^https?$/ })
  .refine((url) => !/^https?:\/\/[^/?#]*@/i.test(url), 'must not contain a user or a password');
