import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, statfsSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ConnectError } from '@connectrpc/connect';
import { Video_State } from '@cinematica/protocol/v1';
import { reasonOf, watchToEnd } from '../../test/support/api.ts';
import { fieldPhoto } from '../../test/support/field-photo.ts';
import { startRealSystem } from '../../test/support/real-system.ts';
import type { VideoClient } from '../../test/support/real-system.ts';
import { outcome, skipped } from './support/row.ts';
import type { Family } from './support/row.ts';
import { seconds } from './support/statistics.ts';

const DISK_MIB = 64;
const FULL_MS = 30_000;

export const fullDisk: Family = {
  rows: [
    {
      id: 'R13',
      what: `a data folder of ${DISK_MIB} MiB that is full for ${FULL_MS / 1000} s: refused after; accepted after; accepted videos lost`,
      target: '≤ 10 s; ≤ 30 s; 0',
    },
  ],
  async run() {
    const folder = mkdtempSync(join(tmpdir(), 'cinematica-disk-'));
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MIB}m`, 'tmpfs', folder], { stdio: 'pipe' });
    } catch {
      rmSync(folder, { recursive: true });
      return [skipped('R13', 'mounting a tmpfs needs root')];
    }
    try {
      return [await fillDisk(folder)];
    } finally {
      execFileSync('umount', ['-l', folder]);
      rmSync(folder, { recursive: true });
    }
  },
};

async function fillDisk(disk: string) {
  const data = join(disk, 'data');
  mkdirSync(data);
  await using system = await startRealSystem({ MAX_ACTIVE_PER_OWNER: '1000' }, { data });
  const client = system.client('ann');
  const free = statfsSync(disk);
  const create = creator(client, await fieldPhoto());
  const names: string[] = [];
  const start = await create();
  if (!start.startsWith('videos/')) {
    return outcome('R13', false, `the system starts but refuses the first video: ${start}`);
  }
  names.push(start);
  const ballast = join(disk, 'ballast');
  const stopFilling = fill(ballast);
  const full = performance.now();
  const refusals = new Set<string>();
  let [detected, unready] = [Number.NaN, Number.NaN];
  while (performance.now() - full < FULL_MS) {
    const answer = await create();
    if (answer.startsWith('videos/')) names.push(answer);
    else {
      refusals.add(answer);
      if (Number.isNaN(detected)) detected = performance.now() - full;
    }
    if (Number.isNaN(unready) && !(await isReady(system.url))) unready = performance.now() - full;
    await delay(250);
  }
  stopFilling();
  unlinkSync(ballast);
  const freed = performance.now();
  let recovered = Number.NaN;
  while (performance.now() - freed < 90_000 && Number.isNaN(recovered)) {
    const answer = await create();
    if (answer.startsWith('videos/') && (await isReady(system.url))) recovered = performance.now() - freed;
    if (answer.startsWith('videos/')) names.push(answer);
    await delay(250);
  }
  const ends = await Promise.all(
    names.map(async (name) => (await watchToEnd(client, name)).at(-1)?.video?.state === Video_State.DONE),
  );
  const lost = ends.filter((done) => !done).length;
  const met = detected <= 10_000 && recovered <= 30_000 && lost === 0;
  const notReady = Number.isNaN(unready) ? 'never' : `after ${seconds(unready)}`;
  const figure = `${seconds(detected)} (${[...refusals].join(', ')}; not ready ${notReady}); ${seconds(recovered)}; ${lost} of ${names.length}; ${((free.bavail * free.bsize) / 2 ** 20).toFixed(0)} MiB free after the start`;
  return outcome('R13', met, figure);
}

/** Creates a small video. @returns its name, or the reason of the refusal. */
function creator(client: VideoClient, photo: Uint8Array<ArrayBuffer>): () => Promise<string> {
  const shape = { case: 'size' as const, value: { width: 64, height: 64 } };
  const settings = { frames: 2, steps: 2, minGuidance: 1, maxGuidance: 1, shape };
  return async () => {
    try {
      const call = client.createVideo({ source: { case: 'image', value: photo }, settings }, { timeoutMs: 10_000 });
      return (await call).video!.name;
    } catch (error) {
      return reasonOf(error) || ConnectError.from(error).rawMessage;
    }
  };
}

/** Keeps the disk full, also when something else is deleted. @returns a function that stops it. */
function fill(path: string): () => void {
  const file = openSync(path, 'a');
  const write = () => {
    for (let bytes = 2 ** 20; bytes >= 1; bytes /= 2) {
      try {
        for (;;) writeSync(file, Buffer.alloc(bytes));
      } catch {
        // No space for this many bytes.
      }
    }
  };
  write();
  const timer = setInterval(write, 100);
  return () => {
    clearInterval(timer);
    closeSync(file);
  };
}

const isReady = async (url: string): Promise<boolean> => (await fetch(`${url}/readyz`).catch(() => null))?.ok ?? false;
