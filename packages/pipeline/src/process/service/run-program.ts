import { createLog } from '../../telemetry/log.ts';

/**
 * Runs a program and exits with status 0, even if something is still open. An error is logged in one line, and the status
 * is 1.
 */
export async function runProgram(name: string, run: () => Promise<void>): Promise<void> {
  try {
    await run();
    process.exit(0);
  } catch (error) {
    createLog(name).error(`${name} failed`, error);
    process.exit(1);
  }
}
