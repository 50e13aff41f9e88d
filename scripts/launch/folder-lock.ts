import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** SQLite's result code when another process has the lock. */
const SQLITE_BUSY = 5;

/**
 * Locks a folder for this process. The operating system releases the lock when the process ends, however it ends. Node has
 * no function for such locks, so an empty SQLite database in the folder is locked.
 *
 * @returns what releases the lock; null when another one has it
 * @throws the error of SQLite when the file cannot be opened
 */
export function lockFolder(folder: string): Disposable | null {
  const database = new DatabaseSync(join(folder, 'lock'), { timeout: 0 });
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) return null;
    throw error;
  }
  return { [Symbol.dispose]: () => database.close() };
}
