import { createLog } from '../../telemetry/log.ts';

/**
 * Runs a program to its end. Whatever stops it is one line of the log and status 1; it ends then even if something is
 * left open.
 */
export async function runProgram(name: string, run: () => Promise<void>): Promise<void> {
  try {
    await run();
    process.exit(0);
  } catch (error) {
    createLog(name).error(`${name} ends`, error);
    process.exit(1);
  }
}
