import { expect, test } from 'vitest';
import { JsonLimitError } from '../http/json-limits.ts';
import { mergeExtras } from './read-params.ts';

test('extra fields, which are JSON in a form, stand beside the others', () => {
  expect(mergeExtras({ seconds: '4', extra_body: '{"steps":3,"crop":null}' })).toEqual({ seconds: '4', steps: 3 });
  expect(() => mergeExtras({ steps: 3, extra_body: { steps: 4 } })).toThrow('steps: is given twice');
  expect(() => mergeExtras({ extra_body: '[' })).toThrow('extra_body: must be a JSON object');
});

test('extra fields of a form have the limits of JSON bodies', () => {
  const objects = `{"crop":[${'{},'.repeat(10_000)}{}]}`;
  const nested = `{"crop":${'['.repeat(1_000)}${']'.repeat(1_000)}}`;
  for (const extra_body of [objects, nested]) expect(() => mergeExtras({ extra_body })).toThrow(JsonLimitError);
});
