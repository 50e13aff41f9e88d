import { expect, test } from 'vitest';
import { firstTokenSchema, tokensSchema } from '../token-settings.ts';
import { timestampUrlSchema } from './outbound-settings.ts';

const [NEW, OLD] = ['n'.repeat(32), 'o'.repeat(32)];

test('while a token is replaced, callers use the first one', () => {
  expect(tokensSchema.parse(`${NEW},${OLD}`)).toEqual([NEW, OLD]);
  expect(firstTokenSchema.parse(`${NEW},${OLD}`)).toBe(NEW);
  expect(firstTokenSchema.parse(NEW)).toBe(NEW);
  for (const wrong of ['short', `${NEW},`, `${NEW}, ${OLD}`]) {
    expect(firstTokenSchema.safeParse(wrong).error?.message).toContain('each token must have 32 characters or more');
  }
});

test('the URL of a time stamp authority has no password', () => {
  expect(timestampUrlSchema.parse('http://10.0.0.1/tsr?a=b@c')).toBe('http://10.0.0.1/tsr?a=b@c');
  const { error } = timestampUrlSchema.safeParse('https://user:secret@tsa.example/');
  expect(error?.message).toContain('must not contain a user or a password');
  expect(error?.message).not.toContain('secret');
});
