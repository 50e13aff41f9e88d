import { expect, test } from 'vitest';
import { createByteBudget } from './byte-budget.ts';

const forever = new AbortController().signal;

test('who asks for more than is left waits in turn; giving back twice counts once; one who goes holds nobody up', async () => {
  const budget = createByteBudget(10, 3);
  const first = await budget.take(8, forever);
  const order: string[] = [];
  const leaving = new AbortController();
  const left = budget.take(10, leaving.signal).catch(() => order.push('left'));
  const second = budget.take(5, forever).then((give) => (order.push('second'), give));
  const third = budget.take(5, forever).then((give) => (order.push('third'), give));
  expect(await budget.take(1, forever)).toBeNull();
  leaving.abort();
  first?.();
  first?.();
  await Promise.all([left, second, third]);
  expect(order.toSorted()).toEqual(['left', 'second', 'third']);
  expect(order.indexOf('second')).toBeLessThan(order.indexOf('third'));
  let full = true;
  const fourth = budget.take(1, forever).then(() => (full = false));
  await Promise.resolve();
  expect(full).toBe(true);
  (await second)?.();
  await fourth;
});
