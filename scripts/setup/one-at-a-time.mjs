import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** How often the lock is checked while another process has it. Milliseconds. */
const POLL_MS = 100;

/**
 * Runs work while no other process of this project runs work with the same lock.
 *
 * @template T
 * @param {string} lock the lock file, which contains the id of the process that has it. The lock of a process that no longer
 *   exists is ignored.
 * @param {() => Promise<T>} work
 * @returns {Promise<T>} the result of the work
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
    // 0: the file has just been created, or just been removed.
    if (holder > 0 && !isAlive(holder)) await rm(lock, { force: true });
    else await sleep(POLL_MS);
  }
  try {
    return await work();
  } finally {
    await rm(lock, { force: true });
  }
}

/**
 * Whether a process exists.
 *
 * @param {number} pid
 */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
