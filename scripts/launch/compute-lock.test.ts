import { once } from 'node:events';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createComputeLock } from './compute-lock.ts';

let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'lock-'))));
afterEach(() => rm(folder, { recursive: true }));

/** Connects, so that the lock knows of it, and says who got a turn. */
async function ask(path: string, name: string, turns: string[]): Promise<Socket> {
  const socket = createConnection(path);
  socket.once('data', () => turns.push(name));
  await once(socket, 'connect');
  return socket;
}

const turn = (socket: Socket): Promise<unknown[]> => once(socket, 'data');

test('one process computes at a time, in the order of requests, and a process that disconnects loses its place', async () => {
  await using lock = await createComputeLock(join(folder, 'lock'));
  const turns: string[] = [];
  const a = await ask(lock.path, 'a', turns);
  await turn(a);
  const b = await ask(lock.path, 'b', turns);
  const c = await ask(lock.path, 'c', turns);
  const d = await ask(lock.path, 'd', turns);
  b.destroy();
  await once(b, 'close');
  expect(turns).toEqual(['a']);

  const cTurn = turn(c);
  a.destroy();
  await cTurn;
  const dTurn = turn(d);
  c.end();
  await dTurn;
  expect(turns).toEqual(['a', 'c', 'd']);
});

test('the process that computes is notified when another one waits', async () => {
  await using lock = await createComputeLock(join(folder, 'lock'));
  const a = await ask(lock.path, 'a', []);
  const [given] = (await turn(a)) as [Buffer];
  expect(given).toHaveLength(1);
  const notified = turn(a);
  const b = await ask(lock.path, 'b', []);
  await notified;
  const c = await ask(lock.path, 'c', []);
  await turn(a);
  const next = turn(b);
  a.destroy();
  const [both] = (await next) as [Buffer];
  expect(both).toHaveLength(2);
  c.destroy();
});

test('the socket of a killed launcher is replaced, and only its owner may use it', async () => {
  const path = join(folder, 'lock');
  await writeFile(path, '');
  await using lock = await createComputeLock(path);
  const turns: string[] = [];
  await turn(await ask(lock.path, 'a', turns));
  expect(turns).toEqual(['a']);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});
