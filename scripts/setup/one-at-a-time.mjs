import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** How often it is looked whether the other one is done. Milliseconds. */
const LOOK_MS = 100;

/**
 * Does something that no other process of this project may do at the same time.
 *
 * @template T
 * @param {string} lock the file that says who does it; one that a process left when it was killed counts for nothing
 * @param {() => Promise<T>} work
 * @returns {Promise<T>} what the work gives
 */
export async function oneAtATime(lock, work) {
  await mkdir(dirname(lock), { recursive: true });
  for (;;) {
    try {
      await writeFile(lock, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
    const holder = Number(await readFile(lock, 'utf8').catch(() => '0'));
    // 0: just made, or just gone.
    if (holder > 0 && !isAlive(holder)) await rm(lock, { force: true });
    else await sleep(LOOK_MS);
  }
  try {
    return await work();
  } finally {
    await rm(lock, { force: true });
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
