import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { HEARTBEAT, withHeartbeat } from './with-heartbeat.ts';

async function* slow(...pauses: number[]): AsyncGenerator<number> {
  for (const [index, pause] of pauses.entries()) {
    await delay(pause);
    yield index;
  }
}

test('a heartbeat stands where no item arrived in time', async () => {
  const items: unknown[] = [];
  for await (const item of withHeartbeat(slow(0, 130, 0), 50)) items.push(item);
  expect(items).toEqual([0, HEARTBEAT, HEARTBEAT, 1, 2]);
});

test('an error of the source ends the stream', async () => {
  async function* failing(): AsyncGenerator<number> {
    yield 1;
    await delay(1);
    throw new Error('broken');
  }
  const items = withHeartbeat(failing(), 1_000);
  expect((await items.next()).value).toBe(1);
  await expect(items.next()).rejects.toThrow('broken');
});

test('a reader that leaves does not wait for a silent source', async () => {
  const source = async function* (): AsyncGenerator<number> {
    await new Promise(() => undefined);
    yield 1;
  };
  for await (const item of withHeartbeat(source(), 5)) {
    expect(item).toBe(HEARTBEAT);
    break;
  }
});
