import { afterEach, expect, test } from 'vitest';
import { dismissToast, showToast, toasts } from './toasts.svelte.ts';

afterEach(() => toasts.splice(0));

const texts = () => toasts.map(({ text }) => text);

test('toasts are listed in the order in which they were shown', () => {
  showToast({ text: 'first' });
  showToast({ text: 'second' });
  expect(texts()).toEqual(['first', 'second']);
});

test('a toast can be dismissed by its id, and by the function that showToast returned', () => {
  const dismissFirst = showToast({ text: 'first' });
  showToast({ text: 'second' });
  dismissFirst();
  expect(texts()).toEqual(['second']);
  dismissToast(toasts[0]!.id);
  expect(texts()).toEqual([]);
});

test('dismissing a toast twice has no effect', () => {
  const dismiss = showToast({ text: 'first' });
  showToast({ text: 'second' });
  dismiss();
  dismiss();
  expect(texts()).toEqual(['second']);
});
