import { expect, test } from 'vitest';
import { createPreviewSlots } from './preview-slots.svelte.ts';

test('the first videos in view play, and the next one as soon as one of them has left', () => {
  const slots = createPreviewSlots(2);
  const names = ['a', 'b', 'c'];
  for (const name of names) slots.enter(name);
  expect(names.filter((name) => slots.has(name))).toEqual(['a', 'b']);
  slots.leave('a');
  expect(names.filter((name) => slots.has(name))).toEqual(['b', 'c']);
});
