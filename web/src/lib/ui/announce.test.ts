import { beforeEach, expect, test } from 'vitest';
import { announce, announced } from './announce.svelte.ts';

beforeEach(() => {
  announced.polite = '';
  announced.assertive = '';
});

test('a repeated announcement changes the live region, so that screen readers read it again', () => {
  announce('Saved');
  expect(announced.polite).toBe('Saved');
  announce('Saved');
  expect(announced.polite).toBe('Saved\u00a0');
  announce('Saved');
  expect(announced.polite).toBe('Saved');
});

test('an assertive announcement does not replace a polite one', () => {
  announce('Saved');
  announce('Failed', 'assertive');
  expect(announced).toEqual({ polite: 'Saved', assertive: 'Failed' });
});
