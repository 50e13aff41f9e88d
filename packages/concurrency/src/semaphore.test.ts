import { expect, test } from 'vitest';
import { createSemaphore } from './semaphore.ts';

test('grants the semaphore to one caller at a time in the order of arrival, and skips aborted callers', async () => {
  const slot = createSemaphore(1);
  const release = await slot.acquire();
  expect(slot.tryAcquire()).toBeNull();
  const order: string[] = [];
  const impatient = new AbortController();
  const refused = slot.acquire(impatient.signal).catch((error: unknown) => error);
  const enter = async (name: string) => {
    const leave = await slot.acquire();
    order.push(name);
    leave();
    // A second release takes the permit from nobody.
    leave();
  };
  const all = [enter('first'), enter('second')];
  impatient.abort(new Error('deadline'));
  expect(await refused).toEqual(new Error('deadline'));
  let free = false;
  const idle = slot.whenFree().then(() => (free = true));
  expect(free).toBe(false);
  release();
  await Promise.all(all);
  await idle;
  expect(order).toEqual(['first', 'second']);
  expect(slot.tryAcquire()).not.toBeNull();
});
