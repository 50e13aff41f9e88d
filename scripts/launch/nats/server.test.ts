import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { USER_PERMISSIONS } from '@cinematica/pipeline/nats-access';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { natsServer } from '../../setup/nats-server.mjs';
import { openDataFolder } from '../data-folder.ts';
import { freePorts } from '../ports.ts';
import { ensureSecrets } from '../secrets.ts';
import type { Supervised } from '../supervise.ts';
import { superviseNats } from './server.ts';

const STORES_NOTHING = 'stores no messages';

let home: string;
let server: Supervised;
let lines: string[];

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'nats-'));
  lines = [];
  const folder = await openDataFolder(join(home, 'data'), AbortSignal.timeout(10_000));
  const { nats: passwords } = await ensureSecrets(folder.secretsFile, Object.keys(USER_PERMISSIONS));
  const [port = 0] = await freePorts(1);
  const { NATS_SERVER = '' } = await natsServer(join(import.meta.dirname, '../../..'));
  const supervision = { say: (line: string) => void lines.push(line), backoffMs: 100, graceMs: 10_000 };
  const canary = { pauseMs: 20, timeoutMs: 200 };
  server = await superviseNats({ command: NATS_SERVER, folder, port, passwords, supervision, canary });
  await server.started;
});

afterEach(async () => {
  await server.stop();
  await rm(home, { recursive: true });
});

const runningPid = (): Promise<number> => vi.waitUntil(() => server.pid, { timeout: 30_000, interval: 5 });

test('a server that is killed repeatedly is restarted after short pauses, and the launcher does not report that it cannot store', async () => {
  for (let kills = 0; kills < 8; kills++) {
    const pid = await runningPid();
    await delay(150);
    process.kill(pid, 'SIGKILL');
    await vi.waitUntil(() => server.pid !== pid, { timeout: 30_000, interval: 5 });
  }
  const pauses = () => lines.flatMap((line) => /restarting it in ([\d.]+) s/.exec(line)?.[1] ?? []).map(Number);
  // The launcher reports a restart some time after the server's end.
  await expect.poll(pauses, { interval: 5 }).toEqual([0.1, 0.2, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4]);
  expect(lines.filter((line) => line.includes(STORES_NOTHING))).toEqual([]);
});

test('a server that runs and does not answer is restarted', async () => {
  const pid = await runningPid();
  process.kill(pid, 'SIGSTOP');
  await vi.waitUntil(() => lines.some((line) => line.includes(STORES_NOTHING)), { timeout: 20_000 });
  await vi.waitUntil(() => lines.includes('NATS is back.'), { timeout: 20_000 });
  expect(server.pid).not.toBe(pid);
});
