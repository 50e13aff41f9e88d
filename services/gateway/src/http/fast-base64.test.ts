import { expect, test } from 'vitest';
import './fast-base64.ts';

interface Decoding extends Uint8Array {
  setFromBase64(text: string): { readonly read: number; readonly written: number };
}

function decode(text: string, size: number) {
  const bytes = new Uint8Array(size) as Decoding;
  const { read, written } = bytes.setFromBase64(text);
  return [read, written, Buffer.from(bytes).toString()];
}

test('base64 is decoded, with and without padding', () => {
  for (const text of ['', 'a', 'ab', 'abc', 'abcd']) {
    const base64 = Buffer.from(text).toString('base64');
    expect(decode(base64, text.length)).toEqual([base64.length, text.length, text]);
    const bare = base64.replaceAll('=', '');
    expect(decode(bare, text.length)).toEqual([bare.length, text.length, text]);
  }
});

test.each([
  'YWJj!',
  'YW!j',
  '!WJj',
  'YWJjY',
  'YQ==YQ==',
  'Y Q==',
  'YQ==YWJj',
  'YWI!',
  '====',
  'data:image/png;base64,YWJj',
])('%s is left to the decoder of the library', (text) => {
  expect(() => decode(text, 64)).toThrow();
});
